"""Expected processor seconds and memory of a sweep's members, for plans: no Torch here.

A step's products cost N (D M + (L - 2) M^2 + M C) multiplications three times over for a gradient; around
them go passes over activities and weights. The constants are of one core of a laptop, float32; see
benchmarks/width_sweeps.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SECONDS_PER_PRODUCT = 3.5e-11
"""Of one multiplication and addition in a batched product."""

SECONDS_PER_WEIGHT = 2.5e-9
"""Of one weight's update, and its check for divergence."""

SECONDS_PER_STEP = 8e-6
"""Of what a member costs a step whatever its width."""

BASE_MEMORY_MB = 500
"""Resident memory of a process with Torch and xarray before it trains."""

RELATIVE: Mapping[str, float] = MappingProxyType(
    {
        "sgd": 1.0,
        "bp": 1.0,
        "adam": 1.6,
        "kfac": 4.0,
        "foof": 2.5,
        "shampoo": 8.0,
        "pc_si": 2.3,
        "pc_si_fpa": 1.6,
        "pc_eq": 40.0,
        "tp": 2.5,
        "dtp": 2.5,
    }
)
"""About what a step of each method costs, in steps of SGD."""


@dataclass(frozen=True)
class Size:
    """What the cost of a member-step depends on.

    Attributes:
        width, inputs, outputs, layers: of the network.
        batch: examples of a step.
        examples: of the training and test sets together, which each measurement of losses passes forward.
    """

    width: int
    inputs: int = 64
    outputs: int = 10
    layers: int = 3
    batch: int = 64
    examples: int = 1797

    @property
    def weights(self) -> int:
        """Of one member."""
        return self.width * (self.inputs + self.outputs + (self.layers - 2) * self.width)


def step_seconds(method: str, size: Size) -> float:
    """Processor seconds of one step of one member; an unknown method counts as SGD."""
    products = 3 * size.batch * size.weights * SECONDS_PER_PRODUCT
    one = SECONDS_PER_STEP + products + size.weights * SECONDS_PER_WEIGHT
    return RELATIVE.get(method, 1.0) * one


def measurement_seconds(size: Size) -> float:
    """Processor seconds of measuring one member once, losses and coordinates."""
    return SECONDS_PER_STEP + (size.examples + 256) * size.weights * SECONDS_PER_PRODUCT * 1.5


def sweep_seconds(method: str, size: Size, members: int, steps: int, records: int = 2) -> float:
    """Processor seconds of a sweep of one width, without the start of its process."""
    return members * (steps * step_seconds(method, size) + records * measurement_seconds(size))


def sweep_memory_mb(method: str, size: Size, members: int, group_bytes: int = 8_000_000) -> int:
    """Peak resident memory in MB: a group's weights several times over, and every seed's initial ones."""
    together = min(members, max(2, group_bytes // (4 * max(size.width**2, size.width * size.inputs))))
    copies = 8 + 2 * RELATIVE.get(method, 1.0) ** 0.5
    activities = 4 * together * size.batch * size.width * size.layers * copies
    return int(BASE_MEMORY_MB + (4 * together * size.weights * copies + activities + 64e6) / 1e6)
