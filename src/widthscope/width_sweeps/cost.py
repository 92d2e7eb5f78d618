"""Expected processor seconds and memory of a sweep's members, for plans: no Torch here.

A step's products cost N (D M + (L - 2) M^2 + M C) multiplications three times over for a gradient; around
them go passes over activities and weights, and second-order rules add solves. The constants are of one core
of a laptop, float32; see
benchmarks/width_sweeps.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SECONDS_PER_PRODUCT = 3e-11
"""Of one multiplication and addition in a batched product."""

SECONDS_PER_WEIGHT = 2e-9
"""Of one weight's update, and its check for divergence."""

SECONDS_PER_STEP = 2e-5
"""Of what a member costs a step whatever its width."""

SECONDS_PER_ACTIVITY = 4e-9
"""Of one activity in a measurement: there it goes to memory and back."""

SECONDS_PER_MEASUREMENT = 1.2e-3
"""Of a member's measurement whatever its width: the probe's kernels."""

BASE_MEMORY_MB = 500
"""Resident memory of a process with Torch and xarray before it trains."""

RELATIVE: Mapping[str, float] = MappingProxyType(
    {
        "sgd": 1.0,
        "bp": 1.0,
        "adam": 1.2,
        "kfac": 2.2,
        "foof": 1.3,
        "shampoo": 1.5,
        "pc_si": 1.3,
        "pc_si_fpa": 1.1,
        "pc_eq": 20.0,
        "tp": 2.2,
        "dtp": 2.2,
    }
)
"""About what a step of each method costs, in steps of SGD; `pc_eq` with 40 sweeps, feedback maps learning."""

SOLVES: Mapping[str, float] = MappingProxyType({"kfac": 4e-4, "foof": 3e-4, "shampoo": 6e-4})
"""Seconds of the solves with 64 samples, at any width; they grow as the cube of the samples."""


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
    return RELATIVE.get(method, 1.0) * one + SOLVES.get(method, 0.0) * (size.batch / 64) ** 3


def measurement_seconds(size: Size) -> float:
    """Processor seconds of measuring one member once, losses and coordinates."""
    activities = size.examples * size.width * size.layers * SECONDS_PER_ACTIVITY
    products = size.examples * size.weights * SECONDS_PER_PRODUCT / 2
    return SECONDS_PER_MEASUREMENT + activities + products


def sweep_seconds(method: str, size: Size, members: int, steps: int, records: int = 2) -> float:
    """Processor seconds of a sweep of one width, without the start of its process."""
    return members * (steps * step_seconds(method, size) + records * measurement_seconds(size))


def sweep_memory_mb(method: str, size: Size, members: int, group_bytes: int = 8_000_000) -> int:
    """Peak resident memory in MB: a group's weights several times over, and every seed's initial ones."""
    together = min(members, max(2, group_bytes // (4 * max(size.width**2, size.width * size.inputs))))
    copies = 8 + 2 * RELATIVE.get(method, 1.0) ** 0.5
    activities = 4 * together * size.batch * size.width * size.layers * copies
    return int(BASE_MEMORY_MB + (4 * together * size.weights * copies + activities + 64e6) / 1e6)
