"""Adaptive choice of the position to augment at, in a user's own training loop (arXiv:2408.13426).

    for images, labels in batches:
        with selection.augmented():
            scores = model(images)
        loss = cross_entropy(scores, selection.targets(one_hot(labels, classes).float()))
        optimiser.zero_grad()
        loss.backward()
        selection.keep_gradient()
        optimiser.step()
        selection.update(lambda: cross_entropy(model(validation_images), validation_labels))

Uses and limits: docs/feature_augmentation.md. For many models at once: `selection_step`.
"""

import contextlib
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

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
            SelectionError: if there is one position only, the rule's rate is not finite or that of several
                members, or the model is trained by several processes, each of which would choose positions
                of its own.
        """
        rule = rule or RatioRule()
        if len(augmentation.positions) < 2:
            raise SelectionError(f"a selection needs two positions at least, not {augmentation.positions}")
        if isinstance(rule.rate, Tensor) and rule.rate.numel() != 1:
            raise SelectionError(f"one model has one rate of its ratios, not {tuple(rule.rate.shape)}")
        if not torch.as_tensor(rule.rate).isfinite().all():
            raise SelectionError(f"the rate of the ratios must be finite, not {float(rule.rate)}")
        if any(isinstance(module, DistributedDataParallel) for module in model.modules()):
            raise SelectionError("a selection works in one process, and the model is DistributedDataParallel")
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
            if parameter.grad is not None and parameter.requires_grad
        }

    def update(self, validation_loss: Callable[[], Tensor]) -> float:
        """Move the ratios; to be called after the optimiser's step. Returns G.

        `.grad` is not touched. Normalisation layers in training mode use the validation batch's statistics
        and remember nothing of them.

        Args:
            validation_loss: the loss on the validation batch, without augmentation within the network.

        Raises:
            SelectionError: if no gradient of this step was kept, the loss is not one number with a gradient
                or does not reach what the kept one was of, or the alignment is not finite.
        """
        if self.position is None or not self._gradients:
            raise SelectionError("call keep_gradient between loss.backward() and the optimiser's step first")
        if not callable(validation_loss):
            raise SelectionError(
                "validation_loss must be a function that evaluates the loss, such as lambda: "
                f"cross_entropy(model(x), y), not a {type(validation_loss).__name__}"
            )
        kept, self._gradients = self._gradients, None
        trained = [(name, p) for name, p in self.model.named_parameters() if name in kept]
        # Within autocast, weights that were cast before the step are still in its cache.
        torch.clear_autocast_cache()
        with frozen_running_statistics(self.model), torch.enable_grad():
            loss = validation_loss()
            if not isinstance(loss, Tensor):
                raise SelectionError(f"the validation loss must be a tensor, not a {type(loss).__name__}")
            if loss.numel() != 1 or not loss.requires_grad:
                raise SelectionError(
                    f"the validation loss must be one number with a gradient, not {tuple(loss.shape)} "
                    f"{'with' if loss.requires_grad else 'without'} one"
                )
            found = torch.autograd.grad(loss, [p for _, p in trained], allow_unused=True)
        products = [
            inner_product(gradient, kept[name]).cpu()
            for (name, _), gradient in zip(trained, found, strict=True)
            if gradient is not None
        ]
        if not products:
            raise SelectionError("the validation loss depends on no parameter whose gradient was kept")
        alignment = torch.stack(products).sum()
        if not alignment.isfinite():
            raise SelectionError(
                f"the alignment of the gradients is {float(alignment)}; ratios are not moved"
            )
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
        """Go on from `state_dict`.

        Raises:
            SelectionError: if it is of another number of positions or of a rule with other memories, or is no
                such state; then nothing is loaded.
        """
        own = self.state_dict()
        if surplus := sorted(set(state) - set(own)):
            raise SelectionError(f"the state has {surplus[0]}, which this selection does not know")
        for name, values in own.items():
            given = state.get(name)
            if not isinstance(given, Tensor) or given.shape != values.shape:
                found = tuple(given.shape) if isinstance(given, Tensor) else "none"
                raise SelectionError(f"the state's {name} must have shape {tuple(values.shape)}, not {found}")
            if given.is_floating_point() != values.is_floating_point() or not given.isfinite().all():
                raise SelectionError(f"the state's {name} must be finite and of type {values.dtype}")
        if int(state["step"]) < 0 or not (state["ratios"] >= 0).all() or not state["ratios"].sum() > 0:
            raise SelectionError("the state's step and ratios must be at least 0, and one ratio above it")
        self._state = {name: state[name].to(values) for name, values in self._state.items()}
        self._step = int(state["step"])
        self._generator.set_state(state["choices"].cpu())
        self.augmentation.set_random_state(state["draws"].cpu())


def inner_product(first: Tensor, second: Tensor) -> Tensor:
    """Sum of products in float64, dense or sparse; of complex numbers, that of real and imaginary parts."""
    if first.is_complex():
        first, second = torch.view_as_real(first), torch.view_as_real(second)
    return (first.double() * second.double()).sum()
