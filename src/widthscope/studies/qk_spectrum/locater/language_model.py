"""The language model of the experiment: a causal Post-LN transformer with tied embeddings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from widthscope.ensembles.parameters import Parameters
from widthscope.models import transformer
from widthscope.models.attention import causal_entropy


@dataclass(frozen=True)
class LanguageModel:
    """`transformer` with the sizes of the settings."""

    architecture: transformer.Architecture

    @classmethod
    def of(cls, settings: Mapping[str, Any], symbols: int) -> "LanguageModel":
        """The model of these settings for a text of so many symbols."""
        sizes = {name: settings[name] for name in ("width", "context", "layers", "heads", "feedforward")}
        return cls(transformer.Architecture(vocabulary=symbols, **sizes))

    @property
    def symbols(self) -> int:
        """How many symbols it tells apart."""
        return self.architecture.vocabulary

    @property
    def head_dim(self) -> int:
        """Coordinates of a head."""
        return self.architecture.head_dim

    def initial(self, generator: Generator) -> Parameters:
        """One member's parameters, without a member dimension."""
        return transformer.initial(self.architecture, generator)

    def loss(self, parameters: Parameters, tokens: Tensor, targets: Tensor) -> Tensor:
        """Cross-entropy in nats, (member,); tokens and targets (member, window, token)."""
        return transformer.losses(self.architecture, parameters, tokens, targets)

    def loss_and_entropy(
        self, parameters: Parameters, tokens: Tensor, targets: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Means over windows of the loss and of all heads' causal attention entropy, (member,) each."""
        logits, attention = transformer.logits_and_attention(self.architecture, parameters, tokens)
        each = cross_entropy(logits.flatten(0, 2), targets.flatten(), reduction="none")
        entropy = causal_entropy(attention).flatten(1).mean(dim=1)
        return each.reshape(len(tokens), -1).mean(dim=1), entropy
