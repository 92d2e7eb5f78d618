"""What a coordinate check is asked for, and whether that can be."""

import math
from dataclasses import dataclass
from itertools import pairwise

from widthscope.errors import WidthscopeError

OPTIMIZERS = {"sgd": 0.1, "adam": 1e-3}
"""Optimisers that the command can make, with their learning rates where none is given."""
DEVICES = ("cpu", "cuda")


class CoordinateCheckError(WidthscopeError):
    """A model factory, its batch, its loss or an option is not what a coordinate check can be run on."""


class DivergedError(CoordinateCheckError):
    """The check can be run, and so many members diverge that nothing can be judged."""


@dataclass(frozen=True)
class Request:
    """Options of a coordinate check.

    Attributes:
        widths: increasing, at least two; the first is the base width, which mending leaves as it is.
        seeds: number of them, at least two; member (width, seed) is FACTORY(width) after seeding with seed.
        steps: T >= 1 updates, all on the seed's one batch.
        optimizer: "sgd" or "adam"; None for Adam, or where the factory brings its own.
        rate: its learning rate; None for that of `OPTIMIZERS`.
        device: "cpu", or "cuda" with or without an index.
        every: record modules without parameters of their own too.
        zero_readout: mending sets readouts to zero that share their weight with nothing.

    Raises:
        CoordinateCheckError: if one of them is not as said here.
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    seeds: int = 8
    steps: int = 5
    optimizer: str | None = None
    rate: float | None = None
    device: str = "cpu"
    every: bool = False
    zero_readout: bool = False

    def __post_init__(self) -> None:
        _check_widths(self.widths)
        if self.seeds < 2:
            raise CoordinateCheckError(f"--seeds is {self.seeds}; an interval needs at least 2")
        if self.steps < 1:
            raise CoordinateCheckError(f"--steps is {self.steps}; at least 1 is needed")
        if self.optimizer is not None and self.optimizer not in OPTIMIZERS:
            raise CoordinateCheckError(
                f"--optimizer is '{self.optimizer}'; it can be {' or '.join(OPTIMIZERS)}, and any other that "
                "the factory returns beside the model"
            )
        if self.rate is not None and not (math.isfinite(self.rate) and self.rate > 0):
            raise CoordinateCheckError(f"--rate is {self.rate:g}; it must be finite and above 0")
        if self.device.partition(":")[0] not in DEVICES:
            raise CoordinateCheckError(f"--device is '{self.device}'; it can be {' or '.join(DEVICES)}")


def parse_widths(text: str) -> tuple[int, ...]:
    """Widths as they are written, separated by commas.

    Raises:
        CoordinateCheckError: if one is no whole number.
    """
    try:
        return tuple(int(width) for width in text.split(","))
    except ValueError:
        raise CoordinateCheckError(
            f"--widths is '{text}'; write whole numbers separated by commas, such as 64,128,256,512"
        ) from None


def _check_widths(widths: tuple[int, ...]) -> None:
    said = ",".join(map(str, widths))
    if len(widths) < 2:
        raise CoordinateCheckError(f"--widths is '{said}'; a slope needs at least two widths")
    if widths[0] < 1:
        raise CoordinateCheckError(f"--widths is '{said}'; every width must be at least 1")
    for narrow, wide in pairwise(widths):
        if wide <= narrow:
            raise CoordinateCheckError(
                f"--widths is '{said}'; they must increase, and {wide} comes after {narrow}"
            )
