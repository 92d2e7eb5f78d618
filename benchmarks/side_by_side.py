"""What the benchmarks of Jacobians share: ways timed in turn in one run, and a recurrent network to time.

Seconds are those of the processor, on one thread, so that whatever else the machine does counts little.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.ensembles.parameters import stacked
from widthscope.models.recurrence.initial import initial, relative_drive, sphere_tokens
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import prepared_state

torch.set_num_threads(1)
threadpool_limits(1)  # of NumPy's and SciPy's LAPACK

RULES = {"unit": Rule(norm="unit"), "rms": Rule(norm="rms"), "akorn": Rule(model="akorn")}


@dataclass(frozen=True)
class Seconds:
    """Times of one way: its median, and the smallest and largest."""

    times: tuple[float, ...]

    @property
    def middle(self) -> float:
        """The median."""
        return median(self.times)

    def __str__(self) -> str:
        return f"{shown(self.middle)} ({shown(min(self.times))} to {shown(max(self.times))})"


def shown(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def in_turn(ways: Mapping[str, Callable[[], Any]], repeats: int) -> dict[str, Seconds]:
    """Each way once untimed, then all in turn, `repeats` times over."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for work in ways.values():
        work()
    for _ in range(repeats):
        for name, work in ways.items():
            start = time.process_time()
            work()
            times[name].append(time.process_time() - start)
    return {name: Seconds(tuple(found)) for name, found in times.items()}


def growth(sizes: list[int], seconds: list[float]) -> float:
    """Exponent of the cost in the size, by least squares in logarithms."""
    x, y = (torch.tensor(values, dtype=torch.float64).log() for values in (sizes, seconds))
    return float(((x - x.mean()) * (y - y.mean())).sum() / (x - x.mean()).square().sum())


@dataclass(frozen=True)
class Network:
    """Members of a recurrent network with random weights, one state of each."""

    rule: Rule
    parameters: dict[str, Tensor]
    state: Tensor
    drive: Tensor

    def dynamics(self) -> RecurrentDynamics:
        """Of all members, with closed-form products."""
        return RecurrentDynamics(self.rule, self.parameters, self.drive)

    def flat(self) -> Tensor:
        """The states, (member, tokens * width)."""
        return self.dynamics().flattened(self.state)


def network(rule: str, tokens: int, width: int, members: int, heads: int = 4, seed: int = 0) -> Network:
    """Weights, states and drives (kappa = 1/2) of `members` independent draws."""
    chosen, drawn, states, drives = RULES[rule], [], [], []
    for member in range(members):
        generator = torch.Generator().manual_seed(1000 * seed + member)
        drawn.append(initial(chosen, generator, width, heads))
        state = prepared_state(chosen, sphere_tokens(generator, 1, tokens, width))
        states.append(state)
        drives.append(relative_drive(generator, state, 0.5))
    return Network(chosen, stacked(drawn, dtype=torch.float64), torch.stack(states), torch.stack(drives))
