"""A causal transformer of many members, with learned positions, and layer normalisation after or before.

Attention has no biases, so that a head's scores are given by W_Q and W_K alone. With x the tokens of a layer:

    post:  x <- N(x + A(x)),  x <- N(x + F(x))          (Vaswani et al., arXiv:1706.03762, section 3.1)
    pre:   x <- x + A(N(x)),  x <- x + F(N(x)),  N once more before the logits

where N is layer normalisation with gain and bias, A attention and F one hidden layer. Input is
sqrt(width) (E[token] + P[position]); logits are E x where embeddings are tied, U x otherwise.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, embedding, layer_norm

from widthscope.models.activations import ACTIVATIONS
from widthscope.models.attention import attend, causal_mask

Parameters = dict[str, Tensor]

NORM_EPS = 1e-5


@dataclass(frozen=True)
class Architecture:
    """Sizes and layout.

    Attributes:
        vocabulary: number of symbols.
        width: d, coordinates of a token.
        context: largest number of tokens.
        layers, heads: their numbers.
        head_dim: d_h; default width / heads.
        feedforward: hidden coordinates of the feed-forward part; default width.
        norm: where layer normalisation stands.
        tied: whether the logits use the token embedding.
        activation: of the feed-forward part; a name in `activations.ACTIVATIONS`.
    """

    vocabulary: int
    width: int
    context: int
    layers: int = 1
    heads: int = 1
    head_dim: int = 0
    feedforward: int = 0
    norm: Literal["post", "pre"] = "post"
    tied: bool = True
    activation: str = "relu"

    def __post_init__(self) -> None:
        if not self.head_dim:
            if self.width % self.heads:
                raise ValueError(f"width {self.width} is not divisible by {self.heads} heads; give head_dim")
            object.__setattr__(self, "head_dim", self.width // self.heads)
        if not self.feedforward:
            object.__setattr__(self, "feedforward", self.width)
        if self.norm not in ("post", "pre") or self.activation not in ACTIVATIONS:
            raise ValueError(
                f"norm {self.norm!r} must be post or pre, activation {self.activation!r} one of "
                f"{', '.join(ACTIVATIONS)}"
            )


def initial(architecture: Architecture, generator: torch.Generator) -> Parameters:
    """One member's parameters, float64, without member dimension.

    Weights are uniform with variance 2 / (inputs + outputs) (Xavier), those of attention for all heads
    together; embeddings N(0, 1 / width); gains 1, biases 0.
    """
    a = architecture
    inner = a.heads * a.head_dim

    def xavier(*shape: int, inputs: int, outputs: int) -> Tensor:
        bound = math.sqrt(6 / (inputs + outputs))
        drawn = torch.rand((a.layers, *shape), generator=generator, dtype=torch.float64)
        return (2 * drawn - 1) * bound

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64) / math.sqrt(a.width)

    def constant(value: float, *shape: int) -> Tensor:
        return torch.full(shape, value, dtype=torch.float64)

    parameters = {"embedding": normal(a.vocabulary, a.width), "position": normal(a.context, a.width)}
    for name in ("query", "key", "value"):
        parameters[name] = xavier(a.heads, a.head_dim, a.width, inputs=a.width, outputs=inner)
    parameters["output"] = xavier(a.width, inner, inputs=inner, outputs=a.width)
    parameters["hidden"] = xavier(a.feedforward, a.width, inputs=a.width, outputs=a.feedforward)
    parameters["hidden_bias"] = constant(0, a.layers, a.feedforward)
    parameters["contract"] = xavier(a.width, a.feedforward, inputs=a.feedforward, outputs=a.width)
    parameters["contract_bias"] = constant(0, a.layers, a.width)
    for name in ("attention_norm", "feedforward_norm"):
        parameters[f"{name}_gain"] = constant(1, a.layers, a.width)
        parameters[f"{name}_bias"] = constant(0, a.layers, a.width)
    if a.norm == "pre":
        parameters["final_norm_gain"] = constant(1, a.width)
        parameters["final_norm_bias"] = constant(0, a.width)
    if not a.tied:
        parameters["unembedding"] = normal(a.vocabulary, a.width)
    return parameters


def logits(architecture: Architecture, parameters: Parameters, tokens: Tensor) -> Tensor:
    """Logits of the next symbol at each position.

    Args:
        parameters: as from `initial`, (member, ...).
        tokens: symbols by index, (member, batch, token), at most `context` tokens.

    Returns:
        (member, batch, token, vocabulary).
    """
    return _forward(architecture, parameters, tokens)[0]


def logits_and_attention(
    architecture: Architecture, parameters: Parameters, tokens: Tensor
) -> tuple[Tensor, Tensor]:
    """Logits as from `logits`, and every head's attention, (member, layer, batch, head, token, token)."""
    found, maps = _forward(architecture, parameters, tokens)
    return found, torch.stack(maps, dim=1)


def losses(architecture: Architecture, parameters: Parameters, tokens: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the targets in nats, mean over batch and positions, (member,)."""
    found = logits(architecture, parameters, tokens)
    each = cross_entropy(found.flatten(0, 2), targets.flatten(), reduction="none")
    return each.reshape(len(tokens), -1).mean(dim=1)


def _forward(
    architecture: Architecture, parameters: Parameters, tokens: Tensor
) -> tuple[Tensor, list[Tensor]]:
    x = _embedded(architecture, parameters, tokens)
    mask = causal_mask(tokens.shape[-1], x)
    activation = ACTIVATIONS[architecture.activation]
    post = architecture.norm == "post"
    maps = []
    for p in _layers(architecture, parameters):
        before = x if post else _normalised(x, p, "attention_norm")
        seen, attention = attend(p["query"], p["key"], p["value"], before.reshape(*tokens.shape, -1), mask)
        x = torch.baddbmm(x, seen, p["output"].mT)
        if post:
            x = _normalised(x, p, "attention_norm")
        before = x if post else _normalised(x, p, "feedforward_norm")
        hidden = activation(torch.baddbmm(p["hidden_bias"][:, None], before, p["hidden"].mT))
        x = torch.baddbmm(x + p["contract_bias"][:, None], hidden, p["contract"].mT)
        if post:
            x = _normalised(x, p, "feedforward_norm")
        maps.append(attention)
    if not post:
        x = _normalised(x, parameters, "final_norm")
    unembedding = parameters["embedding" if architecture.tied else "unembedding"]
    return (x @ unembedding.mT).reshape(*tokens.shape, -1), maps


def _embedded(architecture: Architecture, parameters: Parameters, tokens: Tensor) -> Tensor:
    """Input of the first layer, (member, batch * token, width)."""
    member, _, count = tokens.shape
    if count > architecture.context:
        raise ValueError(f"{count} tokens are more than the context, {architecture.context}")
    first = torch.arange(member, device=tokens.device)[:, None, None] * architecture.vocabulary
    found = embedding(tokens + first, parameters["embedding"].flatten(0, 1))
    scale = math.sqrt(architecture.width)
    return torch.add(parameters["position"][:, None, :count] * scale, found, alpha=scale).flatten(1, 2)


def _layers(architecture: Architecture, parameters: Parameters) -> list[Parameters]:
    """Each layer's own parameters, (member, ...)."""
    outside = {"embedding", "position", "unembedding", "final_norm_gain", "final_norm_bias"}
    inside = {name: value for name, value in parameters.items() if name not in outside}
    if architecture.layers == 1:  # a view: the gradient of `unbind` is a copy
        return [{name: value.squeeze(1) for name, value in inside.items()}]
    unbound = {name: value.unbind(1) for name, value in inside.items()}
    return [{name: values[place] for name, values in unbound.items()} for place in range(architecture.layers)]


def _normalised(x: Tensor, parameters: Parameters, name: str) -> Tensor:
    gain, bias = parameters[f"{name}_gain"], parameters[f"{name}_bias"]
    return torch.addcmul(bias[:, None], layer_norm(x, x.shape[-1:], eps=NORM_EPS), gain[:, None])
