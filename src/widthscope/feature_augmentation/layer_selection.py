"""Adaptive choice of the position to augment at, in a user's own training loop (arXiv:2408.13426).

for images, labels in batches:
    with selection.augmented():
        scores = model(images)
    loss = cross_entropy(scores, selection.targets(one_hot(labels)))
    optimiser.zero_grad()
    loss.backward()
    selection.keep_gradient()
    optimiser.step()
    selection.update(lambda: cross_entropy(model(validation_images), validation_labels))
"""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from widthscope.errors import WidthscopeError
from widthscope.feature_augmentation.module_hooks import FeatureAugmentation, frozen_running_statistics
from widthscope.feature_augmentation.ratios import RatioRule, chosen_position
from widthscope.streams import torch_generator


class SelectionError(WidthscopeError):
    """A step of layer selection is out of order, or what it was given does not fit."""


class AdaptiveLayerSelection:
    """Draws a position by its ratio for each step, and moves that ratio by the alignment of two gradients.

    Attributes:
        ratios: (position,) in float64, in the order of the augmentation's positions.
        position: of the current or last step, or None before the first.
        alignment: G of the last step, or None before the first update.
    """

    def __init__(
        self, model: nn.Module, augmentation: FeatureAugmentation, *, rule: RatioRule | None = None, seed: int
    ) -> None:
        """Start at equal ratios.

        Args:
            model: the module that is trained; gradients of all its parameters that have any are compared.
            augmentation: on this model, with at least two positions.
            rule: of the ratios, with a number as its rate; the paper's where none is given.
            seed: of the choice of positions.

        Raises:
            SelectionError: if there is one position only, or the rule has rates of several members.
        """
        rule = rule or RatioRule()
        if len(augmentation.positions) < 2:
            raise SelectionError(f"a selection needs two positions at least, not {augmentation.positions}")
        if isinstance(rule.rate, Tensor) and rule.rate.numel() != 1:
            raise SelectionError(f"one model has one rate of its ratios, not {tuple(rule.rate.shape)}")
        self.model, self.augmentation, self.rule = model, augmentation, rule
        self.position: str | None = None
        self.alignment: float | None = None
        self._state = rule.initial(1, len(augmentation.positions))
        self._generator = torch_generator("layer_selection", seed)
        self._step = 0
        self._gradients: dict[str, Tensor] | None = None

    @property
    def ratios(self) -> Tensor:
        """How likely each position is, (position,)."""
        return self._state["ratios"][0].clone()

    @contextlib.contextmanager
    def augmented(self) -> Iterator[str]:
        """Draw a position, and augment one forward pass at it."""
        uniform = torch.rand(1, generator=self._generator, dtype=torch.float64)
        place = int(chosen_position(self._state["ratios"], uniform))
        self.position, self._gradients = self.augmentation.positions[place], None
        with self.augmentation.at(self.position):
            yield self.position

    def targets(self, targets: Tensor) -> Tensor:
        """Soft labels, (batch, class), of the augmented pass."""
        return self.augmentation.targets(targets)

    def keep_gradient(self) -> None:
        """Remember the gradients in `.grad`, after `backward` and before anything changes them or steps.

        Weight decay and momentum of an optimiser of `torch.optim` come later, so they do not enter.
        """
        self._gradients = {
            name: parameter.grad.detach().clone()
            for name, parameter in self.model.named_parameters()
            if parameter.grad is not None
        }

    def update(self, validation_loss: Callable[[], Tensor]) -> float:
        """Move the ratios; to be called after the optimiser's step. Returns G.

        `.grad` is not touched. Normalisation layers in training mode use the validation batch's statistics
        and remember nothing of them.

        Args:
            validation_loss: the loss on the validation batch, without augmentation within the network.

        Raises:
            SelectionError: if no gradient of this step was kept, or the loss does not reach what it was of.
        """
        if self.position is None or not self._gradients:
            raise SelectionError("call keep_gradient between loss.backward() and the optimiser's step first")
        kept, self._gradients = self._gradients, None
        trained = [(name, p) for name, p in self.model.named_parameters() if name in kept]
        with frozen_running_statistics(self.model), torch.enable_grad():
            found = torch.autograd.grad(validation_loss(), [p for _, p in trained], allow_unused=True)
        products = [
            (gradient * kept[name]).sum(dtype=torch.float64).cpu()
            for (name, _), gradient in zip(trained, found, strict=True)
            if gradient is not None
        ]
        if not products:
            raise SelectionError("the validation loss depends on no parameter whose gradient was kept")
        alignment = torch.stack(products).sum()
        place = torch.tensor([self.augmentation.positions.index(self.position)])
        self._state = self.rule.after(self._state, self._step, place, alignment[None])
        self._step += 1
        self.alignment = float(alignment)
        return self.alignment

    def state_dict(self) -> dict[str, Tensor]:
        """All that a resumed run needs beside the model: ratios, step, and the stream of choices."""
        return {
            **self._state,
            "step": torch.tensor(self._step),
            "choices": self._generator.get_state(),
            "draws": self.augmentation.random_state(),
        }

    def load_state_dict(self, state: dict[str, Tensor]) -> None:
        """Go on from `state_dict`."""
        self._state = {name: state[name] for name in self._state}
        self._step = int(state["step"])
        self._generator.set_state(state["choices"])
        self.augmentation.set_random_state(state["draws"])
