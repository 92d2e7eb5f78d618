"""What operations draw in a training, shared by the arms of a seed."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.selection_step import named_draws
from widthscope.streams import Name, torch_generator

BLOCK = 64
"""Steps whose draws are made at once."""


class OperationDraws:
    """What operations draw, (seed, ...) by the names of a batch; a function of the step alone."""

    def __init__(
        self,
        operations: Mapping[str, Operation],
        shapes: Sequence[tuple[int, ...]],
        batch: int,
        seeds: Sequence[int],
        purpose: tuple[Name, ...],
    ) -> None:
        self._operations, self._shapes, self._batch = operations, shapes, batch
        self._seeds, self._purpose = seeds, purpose
        self._block: tuple[int, dict[str, Tensor]] | None = None

    def __call__(self, step: int) -> dict[str, Tensor]:
        """Draws of that step, (seed, ...), whatever steps were asked for before."""
        number = step // BLOCK
        if self._block is None or self._block[0] != number:
            self._block = (number, self._drawn(number))
        return {name: values[:, step % BLOCK] for name, values in self._block[1].items()}

    def _drawn(self, number: int) -> dict[str, Tensor]:
        found: dict[str, Tensor] = {}
        for name, operation in self._operations.items():
            each = operation.draws_depend_on_shape
            for position in range(len(self._shapes)) if each else [None]:
                place = -1 if position is None else position
                drawn = [
                    operation.draw(
                        torch_generator(*self._purpose, "draws", name, place, seed, number),
                        (BLOCK, self._batch),
                        self._shapes[max(place, 0)],
                    )
                    for seed in self._seeds
                ]
                together = {key: torch.stack([one[key] for one in drawn]) for key in drawn[0]}
                found |= named_draws(name, position, together)
        return found
