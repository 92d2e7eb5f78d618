r"""What ratios do when alignments are frozen and nothing is clipped: selection, and drift without any reason.

One update maps q to (q + a_l e_l) / (1 + a_l) for a position l drawn from q, with a_l = eta_q G_l. Its mean
field is a replicator equation: a position gains by what its G is above the mean. If all G are equal the mean
stays where it is, and yet every single run drifts to a corner. Derived in the theory notes, 3.4.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from widthscope.feature_augmentation.ratios import chosen_position, moved


def mean_field(initial: Sequence[float], strengths: Sequence[float], steps: int) -> list[float]:
    """q_l(t) in proportion to q_l(0) (1 + a_l)^t: iterates of q_l (1 + a_l) / (1 + sum_j q_j a_j).

    Args:
        initial: q(0), summing to 1.
        strengths: a_l = eta_q G_l above -1, by position.
        steps: t >= 0.
    """
    logs = [
        math.log(q) + steps * math.log1p(a) if q > 0 else -math.inf
        for q, a in zip(initial, strengths, strict=True)
    ]
    largest = max(logs)
    weights = [math.exp(value - largest) for value in logs]
    return [weight / sum(weights) for weight in weights]


def neutral_diversity(positions: int, strength: float, steps: int) -> float:
    r"""E(1 - sum_i q_i^2) after t steps from equal ratios, all positions having the same a > -1:

        (1 - 1/K) (1 - (a / (1 + a))^2)^t,

    exact for every K. For given q the mean of the new sum of squares is
    (S + 2 a S + a^2) / (1 + a)^2, since sum_l q_l ((q + a e_l)^2 summed) = S + 2 a S + a^2.
    """
    lost = strength / (1 + strength)
    return (1 - 1 / positions) * (1 - lost * lost) ** steps


def simulated(
    generator: torch.Generator,
    strengths: Sequence[float],
    *,
    runs: int,
    steps: int,
    importance: bool = False,
    floor: float | None = None,
    records: int = 1,
) -> Tensor:
    """Ratios of independent runs with frozen alignments, (record, run, position), in float64.

    Args:
        generator: a CPU generator.
        strengths: a_l = eta_q G_l, by position.
        runs: how many, each starting at equal ratios.
        steps: updates of each.
        importance: divide each increment by K q_l, so that every position is moved as often as it is good;
            this is not the paper's rule, and its mean is no replicator's.
        floor: the clip, as in `ratios.moved`; the laws above hold without one.
        records: r, how often the ratios are kept: at the start and after steps closest to k steps / r.
    """
    positions = len(strengths)
    increments = torch.tensor(strengths, dtype=torch.float64)
    ratios = torch.full((runs, positions), 1 / positions, dtype=torch.float64)
    times = [round(k * steps / records) for k in range(records + 1)]
    stored = ratios.expand(records + 1, -1, -1).clone()
    places = torch.arange(positions)
    for step in range(1, steps + 1):
        uniform = torch.rand(runs, generator=generator, dtype=torch.float64)
        chosen = chosen_position(ratios, uniform)
        size = increments[chosen]
        if importance:
            size = size / (positions * ratios.gather(1, chosen[:, None])[:, 0])
        ratios = moved(ratios, torch.where(places == chosen[:, None], size[:, None], 0.0), floor)
        if step in times:
            stored[[time == step for time in times]] = ratios
    return stored
