"""Learning-rate schedules: a factor, as a function of the step, by which the optimiser's rate is multiplied.

Step k is the update from k to k + 1 updates; the first is 0.
"""

import math
from collections.abc import Callable

Schedule = Callable[[int], float]


def constant() -> Schedule:
    """1 at every step."""
    return lambda step: 1.0


def warmup_cosine(warmup: int, steps: int, floor: float = 0.0) -> Schedule:
    """Linear rise to 1 at step `warmup` - 1, then a half cosine that would reach `floor` at step `steps`.

    Raises:
        ValueError: unless 0 <= warmup <= steps and steps >= 1.
    """
    if not 0 <= warmup <= steps or steps < 1:
        raise ValueError(f"warmup {warmup} must be between 0 and the number of steps, {steps} >= 1")

    def factor(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        passed = min(1.0, (step - warmup) / max(1, steps - warmup))
        return floor + (1 - floor) * (1 + math.cos(math.pi * passed)) / 2

    return factor


def inverse_sqrt(warmup: int) -> Schedule:
    """Linear rise to 1 at step `warmup` - 1, then sqrt(warmup / (step + 1)).

    Source: Vaswani et al., "Attention is all you need", eq. (3), with the peak set to 1.

    Raises:
        ValueError: if warmup < 1.
    """
    if warmup < 1:
        raise ValueError(f"warmup {warmup} must be at least 1")
    return lambda step: min((step + 1) / warmup, math.sqrt(warmup / (step + 1)))
