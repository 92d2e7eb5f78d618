"""Augmentation of what enters any submodule of any Torch module, in a user's own training loop.

    with FeatureAugmentation(model, ["conv1", "layer1", "fc"], Mixup(), seed=0) as augmentation:
        with augmentation.at("layer1"):
            scores = model(images)
        loss = cross_entropy(scores, augmentation.targets(one_hot))

How the position is chosen is the caller's matter, or that of `layer_selection`. Uses and limits:
docs/feature_augmentation.md. Source: arXiv:2408.13426; theory notes, 2.
"""

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from torch import Tensor, nn

from widthscope.feature_augmentation.operations.base import Draws, FeatureError, Operation
from widthscope.streams import torch_generator


class FeatureAugmentation:
    """An operation that can be switched on at one of several positions, before the named submodules.

    Within `at(position)` the first positional argument of the submodule is replaced by T of it; batches come
    first in it, (batch, channel, height, width) or (batch, ...). Without, and after `remove`, the model is as
    it was. Works with batch normalisation, `torch.autograd` and any device; random numbers are drawn on the
    CPU.

    Attributes:
        positions: names of the submodules, in order.
        operation: T.
    """

    def __init__(
        self, model: nn.Module, positions: Sequence[str], operation: Operation, *, seed: int
    ) -> None:
        """Hook the positions.

        Args:
            model: any module.
            positions: names as in `model.named_modules()`, "" for the model itself.
            operation: one for all positions.
            seed: of the random numbers.

        Raises:
            FeatureError: if there is no position, or the model has no such submodule.
        """
        modules = dict(model.named_modules())
        missing = [name for name in positions if name not in modules]
        if missing or not positions or len(set(positions)) < len(positions):
            wrong = f"'{missing[0]}' is none" if missing else f"{list(positions)} are not"
            raise FeatureError(
                f"positions must be different names of submodules of {type(model).__name__}, and {wrong}"
            )
        self.positions = tuple(positions)
        self.operation = operation
        self._generator = torch_generator("feature_augmentation", seed)
        self._active: str | None = None
        self._draws: Draws | None = None
        self._shape: tuple[int, ...] = ()
        self._handles = [modules[name].register_forward_pre_hook(self._hook(name)) for name in self.positions]

    @contextlib.contextmanager
    def at(self, position: str | None) -> Iterator[None]:
        """Augment one forward pass at this position; at None, leave it as it is.

        Raises:
            FeatureError: if there is no such position, the pass did not reach it, or reached it twice.
        """
        if position is not None and position not in self.positions:
            raise FeatureError(f"'{position}' is no position, allowed: {', '.join(self.positions)}")
        self._active, self._draws, self._shape = position, None, ()
        try:
            yield
            if position is not None and self._draws is None:
                raise FeatureError(f"no forward pass reached position '{position}'")
        finally:
            self._active = None

    def targets(self, targets: Tensor) -> Tensor:
        """Soft labels, (batch, class), after the last augmented pass: mixed where the operation mixes."""
        if self._draws is None:
            return targets
        draws = {name: values.to(targets.device) for name, values in self._draws.items()}
        return self.operation.mixed_targets(targets[None], draws, self._shape)[0]

    def random_state(self) -> Tensor:
        """State of the stream of draws."""
        return self._generator.get_state()

    def set_random_state(self, state: Tensor) -> None:
        """Go on from `random_state`."""
        self._generator.set_state(state)

    def remove(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()

    def __enter__(self) -> "FeatureAugmentation":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def _hook(self, name: str) -> Any:
        def augment(module: nn.Module, arguments: tuple[Any, ...]) -> tuple[Any, ...] | None:
            if self._active != name:
                return None
            if self._draws is not None:
                raise FeatureError(f"a forward pass reached position '{name}' twice; it must do so once")
            if not arguments or not isinstance(arguments[0], Tensor) or arguments[0].ndim < 2:
                raise FeatureError(
                    f"position '{name}' must get a tensor (batch, ...) as its first positional argument"
                )
            x = arguments[0]
            self._shape = tuple(x.shape[1:])
            drawn = self.operation.draw(self._generator, (1, len(x)), self._shape)
            self._draws = {key: values.to(x.device) for key, values in drawn.items()}
            return (self.operation.apply(x[None], self._draws)[0], *arguments[1:])

        return augment


@contextlib.contextmanager
def frozen_running_statistics(model: nn.Module) -> Iterator[None]:
    """Normalisation layers in training mode use the batch's statistics within, and remember nothing of them.

    A pass over validation images then leaves what evaluation will use as it was (theory notes, 6).
    """
    layers = [
        layer
        for layer in model.modules()
        if layer.training and getattr(layer, "track_running_stats", False) is True
    ]
    for layer in layers:
        setattr(layer, "track_running_stats", False)  # noqa: B010 - not every module declares it
    try:
        yield
    finally:
        for layer in layers:
            setattr(layer, "track_running_stats", True)  # noqa: B010
