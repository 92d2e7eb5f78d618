"""Augmentation of what enters any submodule of any Torch module, in a user's own training loop.

    with FeatureAugmentation(model, ["conv1", "layer1", "fc"], Mixup(), seed=0) as augmentation:
        with augmentation.at("layer1"):
            scores = model(images)
        loss = cross_entropy(scores, augmentation.targets(one_hot(labels, classes).float()))

How the position is chosen is the caller's matter, or that of `layer_selection`. Uses and limits:
docs/feature_augmentation.md. Source: arXiv:2408.13426; theory notes, 2.
"""

import contextlib
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

import torch
from torch import Tensor, nn

from widthscope.feature_augmentation.operations.base import Draws, FeatureError, FeatureShapeError, Operation
from widthscope.streams import torch_generator


class FeatureAugmentation:
    """An operation that can be switched on at one of several positions, before the named submodules.

    Within `at(position)` the first positional argument of the submodule, floats, is replaced by T of it, and
    so is every further argument that is the same tensor (query, key and value of self-attention). Examples
    come first in it, (batch, channel, height, width) or (batch, ...). Without, and after `remove`, the model
    is as it was. Works with batch normalisation, `torch.autograd` and any device; random numbers are drawn on
    the CPU.

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
            FeatureError: if there is no position, the model has no such submodule, or the operation is none.
        """
        if not isinstance(operation, Operation):
            given = f"the class {operation.__name__}" if isinstance(operation, type) else repr(operation)
            raise FeatureError(f"operation must be an operation on features, such as Mixup(), not {given}")
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
        self._examples = 0
        self._ever_augmented: set[str] = set()
        self._handles = [
            modules[name].register_forward_pre_hook(self._hook(name, modules[name]), with_kwargs=True)
            for name in self.positions
        ]

    @contextlib.contextmanager
    def at(self, position: str | None) -> Iterator[None]:
        """Augment one forward pass at this position; at None, leave it as it is.

        Raises:
            FeatureError: if there is no such position, the pass did not reach it or reached it twice, or this
                is within another augmented pass.
        """
        if self._active is not None:
            raise FeatureError(f"a pass at '{position}' cannot lie within one at '{self._active}'")
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
        """Soft labels, (batch, class), after the last augmented pass: mixed where the operation mixes.

        Raises:
            FeatureError: if that pass is still to come, or labels to be mixed are not floats, one row for
                each example.
        """
        if self._draws is None:
            if self._active is not None:
                raise FeatureError(
                    f"ask for the targets after the forward pass that is augmented at '{self._active}'"
                )
            return targets
        if self.operation.own_share(self._draws, self._shape) is None:
            return targets
        if not targets.is_floating_point() or targets.ndim < 2 or len(targets) != self._examples:
            raise FeatureError(
                f"labels to be mixed must be floats ({self._examples}, class), as one_hot(labels).float(): "
                f"the augmented pass had {self._examples} rows; these are {targets.dtype} "
                f"{tuple(targets.shape)}"
            )
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

    def _hook(self, name: str, hooked: nn.Module) -> Any:
        def augment(
            module: nn.Module, arguments: tuple[Any, ...], named: dict[str, Any]
        ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
            if name in self._ever_augmented and within_backward():
                raise FeatureError(
                    f"position '{name}' lies within a part that activation checkpointing runs again, "
                    "which would not be augmented alike; choose one outside of it"
                )
            if self._active != name:
                return None
            if module is not hooked:
                raise FeatureError(
                    f"position '{name}' was reached in a copy of the model (by nn.DataParallel or deepcopy); "
                    "only the model itself can be augmented"
                )
            if self._draws is not None:
                raise FeatureError(f"a forward pass reached position '{name}' twice; it must do so once")
            x = _checked_input(name, module, arguments)
            self._shape, self._examples = tuple(x.shape[1:]), len(x)
            drawn = self.operation.draw(self._generator, (1, len(x)), self._shape)
            self._draws = {key: values.to(x.device) for key, values in drawn.items()}
            self._ever_augmented.add(name)
            try:
                augmented = self.operation.apply(x[None], self._draws)[0]
            except FeatureShapeError as error:
                raise FeatureError(f"at position '{name}' {error.without_members()}") from error
            return (
                tuple(augmented if value is x else value for value in arguments),
                {key: augmented if value is x else value for key, value in named.items()},
            )

        return augment


def _checked_input(name: str, module: nn.Module, arguments: tuple[Any, ...]) -> Tensor:
    """What enters a position, where it can be augmented."""
    if not arguments or not isinstance(arguments[0], Tensor) or arguments[0].ndim < 2:
        raise FeatureError(
            f"position '{name}' must get a tensor (batch, ...) as its first positional argument"
        )
    if not arguments[0].is_floating_point():
        raise FeatureError(
            f"position '{name}' gets {arguments[0].dtype}, and only real floats can be augmented; "
            "tokens are augmented after their embedding"
        )
    if _time_comes_first(module):
        raise FeatureError(
            f"position '{name}' gets (time, batch, feature), and examples must come first: batch_first=True"
        )
    return arguments[0]


def _time_comes_first(module: nn.Module) -> bool:
    """Whether this is one of Torch's layers of sequences that takes (time, batch, feature)."""
    while isinstance(module, nn.TransformerEncoder | nn.TransformerDecoder):
        module = module.layers[0]
    if isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
        module = module.self_attn
    sequences = nn.RNNBase | nn.MultiheadAttention | nn.Transformer
    return isinstance(module, sequences) and not module.batch_first


def within_backward() -> bool:
    """Whether this runs within a backward pass: then a forward pass is one that is run again."""
    # Torch has no public word for it; its own checkpointing asks the same.
    return bool(torch._C._current_graph_task_id() != -1)


@contextlib.contextmanager
def frozen_running_statistics(model: nn.Module) -> Iterator[None]:
    """Layers in training mode write into copies of their buffers within, which are then forgotten.

    Normalisation layers in training mode use the batch's statistics and remember nothing of them, whatever
    their kind, so that a pass over validation images leaves what evaluation will use as it was (theory
    notes, 6). Layers in evaluation mode are left alone.
    """
    layers = [layer for layer in model.modules() if layer.training]
    kept = [
        (layer._buffers, name, buffer)
        for layer in layers
        for name, buffer in layer._buffers.items()
        if buffer is not None
    ]
    copies = {id(buffer): buffer.clone() for _, _, buffer in kept}  # once where layers share a buffer
    for buffers, name, buffer in kept:
        buffers[name] = copies[id(buffer)]
    try:
        yield
    finally:
        for buffers, name, buffer in kept:
            buffers[name] = buffer
