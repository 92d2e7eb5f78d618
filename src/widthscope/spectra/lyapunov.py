"""Lyapunov exponents in the long run: QR of tangents that are carried along a trajectory.

Source: Benettin et al. 1980. The trajectory and the frame of tangents are warmed up first: a random tangent
has lost ln sqrt(n) before it points where the map stretches most, and 150 steps of n = 2048 would be biased
by -0.025 (theory notes, trap 3). Exponents are natural logarithms a step. Those over a finite horizon, which
say nothing of chaos, are in `finite_time`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.spectra.dynamics import Dynamics, checked_state
from widthscope.spectra.frames import null_threshold, orthonormalised, random_frame

RECORDS = 40
_GROUPS = 10


@dataclass(frozen=True)
class LyapunovSpectrum:
    """Exponents by decreasing size, -inf those of null directions.

    Attributes:
        exponents: (batch, count) averages over all steps; NaN where the trajectory left the finite numbers.
        standard_error: (batch, count) of the averages along the trajectory, from ten parts of it as if they
            were independent; NaN where there is none. It knows nothing of other trajectories.
        history: (batch, record, count) averages over the first steps.
        recorded: (record,) how many steps those are.
        null: (batch, count) whether the direction was annihilated, up to rounding, at any step.
        steps: how many were averaged.
        state: (batch, n) after the last step.
    """

    exponents: Tensor
    standard_error: Tensor
    history: Tensor
    recorded: Tensor
    null: Tensor
    steps: int
    state: Tensor


def lyapunov_spectrum(
    dynamics: Dynamics,
    state: Tensor,
    count: int,
    steps: int,
    *,
    warm_up: int = 100,
    frame_warm_up: int = 100,
    start: Tensor | None = None,
    generator: torch.Generator | None = None,
    null_tolerance: float | None = None,
    records: int = RECORDS,
) -> LyapunovSpectrum:
    """The `count` largest Lyapunov exponents of each state's trajectory.

    Args:
        dynamics: the map.
        state: (batch, n) float64, where the trajectories start.
        count: exponents, at most n.
        steps: that are averaged over.
        warm_up: steps of the state alone, before the frame.
        frame_warm_up: steps of the state and the frame before averaging.
        start: (batch, count, n) tangents to start from, linearly independent; random where None.
        generator: of the random ones, on the CPU; seed 0 where None.
        null_tolerance: a direction counts as annihilated if a step leaves of it no more than this times the
            longest mapped tangent; rounding, max(n, 64) eps, where None. With 0 only what is exactly 0.
        records: points of the history, at most one a step.

    Raises:
        ValueError: if count is not within 1 and n, or there are no steps.
    """
    n = checked_state(state).shape[1]
    if not 1 <= count <= n or steps < 1:
        raise ValueError(f"count must be within 1 and {n} and steps at least 1, not {count} and {steps}")
    for _ in range(warm_up):
        state = dynamics.step(state)
    frame = random_frame(state, count, generator) if start is None else orthonormalised(start)[0]
    for _ in range(frame_warm_up):
        frame, _ = orthonormalised(dynamics.jvp(state, frame))
        state = dynamics.step(state)
    recorded = torch.linspace(0, steps, min(records, steps) + 1, dtype=torch.float64).round().long()[1:]
    total = torch.zeros(frame.shape[:2], dtype=state.dtype, device=state.device)
    sums = []
    ends = set(recorded.tolist())
    for step in range(1, steps + 1):
        mapped = dynamics.jvp(state, frame)
        frame, lengths = orthonormalised(mapped)
        lengths = torch.where(lengths <= null_threshold(mapped, null_tolerance), 0.0, lengths)
        total = total + lengths.log()
        state = dynamics.step(state)
        if step in ends:
            sums.append(total)
    return _averaged(torch.stack(sums, dim=1), recorded.to(state.device), state)


def _averaged(sums: Tensor, recorded: Tensor, state: Tensor) -> LyapunovSpectrum:
    """The spectrum of sums (batch, record, count) of log growth over the first `recorded` (record,) steps."""
    exponents = sums[:, -1] / recorded[-1]
    order = exponents.nan_to_num(nan=torch.inf, neginf=-torch.inf).argsort(
        dim=-1, descending=True, stable=True
    )
    sums = sums.gather(2, order[:, None].expand_as(sums))
    exponents = exponents.gather(1, order)
    return LyapunovSpectrum(
        exponents=exponents,
        standard_error=_standard_error(sums, recorded),
        history=sums / recorded[:, None],
        recorded=recorded,
        null=exponents == -torch.inf,
        steps=int(recorded[-1]),
        state=state,
    )


def _standard_error(sums: Tensor, recorded: Tensor) -> Tensor:
    """Of the final averages (batch, count), from parts of about a tenth of the steps each."""
    groups = min(_GROUPS, len(recorded))
    if groups < 2:
        return torch.full_like(sums[:, -1], torch.nan)
    ends = torch.linspace(0, len(recorded), groups + 1, device=sums.device).round().long()[1:] - 1
    lengths = torch.diff(recorded[ends], prepend=recorded.new_zeros(1))
    rates = torch.diff(sums[:, ends], dim=1, prepend=torch.zeros_like(sums[:, :1])) / lengths[:, None]
    error: Tensor = rates.std(dim=1) / groups**0.5  # inf - inf of null directions is NaN, as it should be
    return error
