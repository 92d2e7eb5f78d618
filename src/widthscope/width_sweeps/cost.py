"""Expected processor seconds and memory of a sweep's members, for plans: no Torch here.

A step's products cost N (D M + (L - 2) M^2 + M C) multiplications three times over for a gradient; around
them go passes over activities and weights, and second-order rules add solves. The constants are of one core
of a laptop, float32; see
benchmarks/width_sweeps.py.
"""

import math
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

GROUP_BYTES = 8_000_000
"""Of one layer's weights of all members that train together, on a CPU.

More would no longer fit into a cache beside gradients and activities; times differ little from 1 to 32 MB."""

PROBE = 128
"""Training inputs on which members' movement is measured."""

BLOCK = 2048
"""Examples of the full sets that pass at once where losses are measured, and images standardised at once."""

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
        "tp": 2.2,
        "dtp": 2.2,
    }
)
"""About what a step of each method costs, in steps of SGD, feedback maps learning."""

SWEEPS = 40
"""Of inference of `pc_eq` where a plan does not say how many."""

SWEEP = 0.475
"""One sweep of `pc_eq`, in steps of SGD: 40 of them take 20 with the update."""

WITH_MAPS = ("tp", "dtp")

SOLVES: Mapping[str, float] = MappingProxyType({"kfac": 4e-4, "foof": 3e-4, "shampoo": 6e-4})
"""Seconds of the solves with 64 samples, at any width; they grow as the cube of the samples."""


@dataclass(frozen=True)
class Size:
    """What the cost of a member-step depends on.

    Attributes:
        width, inputs, outputs, layers: of the network.
        batch: examples of a step.
        examples: of the training and test sets together, which each measurement of losses passes forward; see
            `sizes.examples`.
        images: of the data set from which they are chosen, bytes of pixels, which stays in memory; if 0, the
            examples are all.
    """

    width: int
    inputs: int = 64
    outputs: int = 10
    layers: int = 3
    batch: int = 64
    examples: int = 1797
    images: int = 0

    @property
    def weights(self) -> int:
        """Of one member."""
        return self.width * (self.inputs + self.outputs + (self.layers - 2) * self.width)


def relative(method: str, sweeps: int = SWEEPS) -> float:
    """A step's cost in steps of SGD, which an unknown method counts as; of `pc_eq` by its sweeps."""
    return 1.0 + SWEEP * sweeps if method == "pc_eq" else RELATIVE.get(method, 1.0)


def step_seconds(method: str, size: Size, sweeps: int = SWEEPS) -> float:
    """Processor seconds of one step of one member; `sweeps` of inference count for `pc_eq` alone."""
    products = 3 * size.batch * size.weights * SECONDS_PER_PRODUCT
    one = SECONDS_PER_STEP + products + size.weights * SECONDS_PER_WEIGHT
    return relative(method, sweeps) * one + SOLVES.get(method, 0.0) * (size.batch / 64) ** 3


def measurement_seconds(size: Size) -> float:
    """Processor seconds of measuring one member once, losses and coordinates."""
    activities = size.examples * size.width * size.layers * SECONDS_PER_ACTIVITY
    products = size.examples * size.weights * SECONDS_PER_PRODUCT / 2
    return SECONDS_PER_MEASUREMENT + activities + products


def sweep_seconds(
    method: str, size: Size, members: int, steps: int, records: int = 2, sweeps: int = SWEEPS
) -> float:
    """Processor seconds of a sweep of one width, without the start of its process."""
    return members * (steps * step_seconds(method, size, sweeps) + records * measurement_seconds(size))


def member_bytes(method: str, size: Size) -> int:
    """What a member takes while it trains, in float32: weights and activities several times over."""
    copies = 8 + 2 * relative(method) ** 0.5
    return int(4 * copies * (size.weights + size.batch * size.width * size.layers))


def sweep_memory_mb(
    method: str, size: Size, members: int, group_bytes: int = GROUP_BYTES, seeds: int | None = None
) -> int:
    """Peak resident memory in MB of a sweep on a CPU.

    The sum of a group's members; every seed's initial weights, and target propagation's maps, held twice
    while they are stacked, with what the probe says of each; the problem in float64 and once more in float32,
    beside the data set; and a block of examples while losses are measured. Not all of it is held at once.

    Measured peaks, of which 265 MB are importing alone, and what is expected: 472 of 762 MB (SGD on digits,
    width 256, 16 seeds at 4 rates), 673 of 892 (width 1024, 16 at 2; target propagation 624 of 1046), 611 of
    1224 (width 2048, 4 at 2); on 60000 images of 3072 pixels at width 512, 861 of 1590 where 1000 are trained
    on (8 seeds at 2 rates), 2542 of 3298 where 50000 are (2 seeds).

    Args:
        method: by which the members are trained.
        size: of the network and its data.
        members: of the sweep.
        group_bytes: as of `runner.sweep`.
        seeds: of the sweep; if None, as many as members, which is too many where there are several rates.
    """
    together = max(2, group_bytes // (4 * max(size.width**2, size.width * size.inputs)))
    largest = math.ceil(members / max(1, members // together))  # as the runner divides them
    drawn = (2 if method in WITH_MAPS else 1) * size.weights
    start = 8 * (members if seeds is None else seeds) * (drawn + PROBE * size.width * size.layers)
    images = max(size.images, size.examples)
    problem = size.inputs * (images + 12 * size.examples + 24 * min(images, BLOCK))
    measured = max(64e6, 16 * min(size.examples, BLOCK) * size.width * size.layers)
    group = largest * member_bytes(method, size)
    return int(BASE_MEMORY_MB + (group + start + problem + measured) / 1e6)
