"""All numbers of a user's state-update function at a state, with how each was found and how well."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import xarray as xr
from numpy.typing import NDArray
from torch import Tensor

from widthscope.dynamics.flat_update import number
from widthscope.dynamics.memory import Route, choose_route
from widthscope.dynamics.probing import OwnModel
from widthscope.dynamics.trajectory import Trajectory, follow, require_finite
from widthscope.spectra.dense_memory import fits
from widthscope.spectra.finite_time import FiniteTime, finite_time
from widthscope.spectra.jacobian_spectra import Spectrum, eigenvalues
from widthscope.spectra.lyapunov import LyapunovSpectrum, lyapunov_spectrum
from widthscope.statistics.quantiles import critical_value

LEVEL = 0.95
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4}
"""Of residuals relative to their values, as far as the numbers' digits go."""
PLACES = ("given", "end")


@dataclass(frozen=True)
class Request:
    """What the user asks for.

    Attributes:
        steps: T, horizon of the finite-time exponents.
        long_steps: steps that the long-run exponents average over.
        warm_up: steps of the state before them, and as many of state and tangents after those.
        count: leading eigenvalues and exponents, where the state has as many numbers.
        dense: True or False where the user chose; None leaves it to size and memory.
    """

    steps: int = 16
    long_steps: int = 1000
    warm_up: int = 100
    count: int = 8
    dense: bool | None = None

    @property
    def whole_run(self) -> int:
        """Steps from the state to the end."""
        return max(self.steps, 2 * self.warm_up + self.long_steps)


def quiet(_: str) -> None:
    """Say nothing of what is being done."""


def analyse(model: OwnModel, request: Request, say: Callable[[str], None] = quiet) -> xr.Dataset:
    """Eigenvalues, largest singular value, exponents over T steps and in the long run.

    Args:
        model: a function that passed its probes, with the state.
        request: horizons, how many values, and the route.
        say: told what is done next.

    Returns:
        a dataset over ``state``, ``rank``, ``place`` (at the state given, and where the run ends), and
        ``record`` of the exponents' history. Null directions are -inf; NaN stands for what is not resolved,
        and for all that lies behind a trajectory's leaving the finite numbers.

    Raises:
        DynamicsError: if the function fails on the way, gives numbers that are not finite within T steps, or
            a dense Jacobian was asked for that does not fit the memory.
    """
    batch, n = model.rows.shape
    count = min(request.count, n)
    route = choose_route(n, batch, count, request.steps, request.dense)
    say(f"the trajectory of {request.whole_run} steps")
    trajectory = follow(model, request.whole_run)
    require_finite(model, trajectory, max(1, request.steps))
    tolerance = TOLERANCE[model.update.dtype]
    say("the Jacobian at the state")
    given = eigenvalues(
        model.dynamics, model.rows, route.wanted(count), method=route.spectrum, tolerance=tolerance
    )
    stretch = finite_time(model.dynamics, model.rows, 1, method=route.product, tolerance=tolerance)
    say(f"the exponents over {request.steps} steps")
    finite = finite_time(
        model.dynamics, model.rows, request.steps, count, method=route.product, tolerance=tolerance
    )
    say(f"the exponents over {request.long_steps} steps")
    long_run = lyapunov_spectrum(
        model.dynamics,
        model.rows,
        count,
        request.long_steps,
        warm_up=request.warm_up,
        frame_warm_up=request.warm_up,
        null_tolerance=None if model.update.dtype == torch.float64 else 64 * n**0.5 * 2.0**-23,
    )
    places = [given]
    if bool((trajectory.left == 0).all()):
        say("the Jacobian at the end")
        places.append(
            eigenvalues(
                model.dynamics,
                long_run.state,
                route.wanted(count),
                method=route.spectrum,
                tolerance=tolerance,
            )
        )
    model.check_unchanged()
    table = _table(places, stretch, finite, long_run, trajectory, model.update.dtype)
    return table.assign_attrs(_facts(model, request, route, given, finite))


def _table(
    places: list[Spectrum],
    stretch: FiniteTime,
    finite: FiniteTime,
    long_run: LyapunovSpectrum,
    trajectory: Trajectory,
    dtype: torch.dtype,
) -> xr.Dataset:
    gone = trajectory.left[:, None] > 0  # what lies behind that has no meaning, even where it has a value
    # A step's growth has rounding that ten equal parts do not show: x -> x would have an exact exponent.
    rounding = long_run.state.shape[1] ** 0.5 * torch.finfo(dtype).eps
    long_run = replace(
        long_run,
        exponents=long_run.exponents.masked_fill(gone, torch.nan),
        standard_error=long_run.standard_error.clamp(min=rounding).masked_fill(gone, torch.nan),
        history=long_run.history.masked_fill(gone[:, None], torch.nan),
    )
    at = ("place", "state", "mode")
    ranked = ("state", "rank")
    second_half = _second_half(_array(long_run.history), _array(long_run.recorded))
    lower, upper = _interval(long_run, second_half)
    largest = stretch.exponents[:, 0].exp()
    table = xr.Dataset(
        {
            "eigenvalue": (at, _stacked([one.values for one in places])),
            "eigenvalue_residual": (at, _stacked([_at_least_rounding(one) for one in places])),
            "eigenvalue_converged": (at, _stacked([one.converged for one in places])),
            "singular": (("state",), _array(largest)),
            "singular_residual": (
                ("state",),
                _array((stretch.residuals[:, 0] * largest).masked_fill(largest == 0, 0.0)),
            ),
            "singular_converged": (("state",), _array(stretch.converged[:, 0])),
            "finite_exponent": (ranked, _resolved(_array(finite.exponents), finite.steps, dtype)),
            "finite_residual": (ranked, _array(finite.residuals)),
            "finite_converged": (ranked, _array(finite.converged)),
            "long_exponent": (ranked, _array(long_run.exponents)),
            "long_error": (ranked, _array(long_run.standard_error)),
            "long_low": (ranked, lower),
            "long_high": (ranked, upper),
            "history": (("state", "record", "rank"), _array(long_run.history)),
            "left": (("state",), _array(trajectory.left)),
            "kind": (("state",), np.array(trajectory.kind)),
            "period": (("state",), _array(trajectory.period)),
        },
        coords={"place": list(PLACES[: len(places)]), "record": _array(long_run.recorded)},
    )
    table["radius"] = (("place", "state"), np.abs(table["eigenvalue"].values[..., 0]))
    table["second_half"] = (ranked, second_half)
    return table


def _facts(
    model: OwnModel, request: Request, route: Route, given: Spectrum, finite: FiniteTime
) -> dict[str, object]:
    return {
        "function": model.name,
        "shape": list(model.update.shape),
        "batched": int(model.update.batched),
        "states": len(model.rows),
        "numbers": model.rows.shape[1],
        "dtype": number(model.update.dtype),
        "derivatives": model.derivatives,
        "route": route.why,
        "spectrum_method": given.method,
        "finite_method": finite.method,
        "dense_is_open": int(given.method != "dense" and fits(model.rows.shape[1], len(model.rows))),
        "products": given.iterations,
        "steps": request.steps,
        "long_steps": request.long_steps,
        "warm_up": request.warm_up,
        "whole_run": request.whole_run,
        "count": min(request.count, model.rows.shape[1]),
        "level": LEVEL,
        "tolerance": TOLERANCE[model.update.dtype],
    }


def distance_interval(low: float, high: float) -> tuple[float, float]:
    """Interval of |x| from that of x."""
    if low <= 0 <= high:
        return 0.0, max(-low, high)
    return min(abs(low), abs(high)), max(abs(low), abs(high))


def _interval(
    long_run: LyapunovSpectrum, second_half: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By Student's t with the nine degrees of freedom of ten parts of the run.

    It is widened to hold the second half's average: what the state or the tangents still forget of their
    start stays in the average over all steps, as a constant over their number, and no scatter shows it.
    """
    value, half = (
        _array(long_run.exponents),
        float(critical_value(LEVEL, 9)) * _array(long_run.standard_error),
    )
    return np.minimum(value - half, second_half), np.maximum(value + half, second_half)


def _resolved(exponents: NDArray[np.float64], steps: int, dtype: torch.dtype) -> NDArray[np.float64]:
    """Exponents, NaN where float32 has no digits left for them; of float64 they are NaN already."""
    if dtype == torch.float64:
        return exponents
    lowest = exponents[:, :1] + math.log(1e-6) / steps
    return np.where((exponents >= lowest) | np.isneginf(exponents), exponents, np.nan)


def _second_half(history: NDArray[np.float64], record: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average over the second half of the run (state, rank), from running averages (state, record, rank)."""
    if len(record) < 2:
        return history[:, -1]
    middle = min(int(np.searchsorted(record, record[-1] / 2)), len(record) - 2)
    sums = history * record[:, None]
    with np.errstate(invalid="ignore"):  # -inf from the first step on
        found = (sums[:, -1] - sums[:, middle]) / (record[-1] - record[middle])
    return np.where(np.isneginf(history[:, -1]), -np.inf, found)


def _at_least_rounding(spectrum: Spectrum) -> Tensor:
    """Residuals, never below what rounding alone leaves of the largest eigenvalue."""
    return torch.maximum(spectrum.residuals, torch.finfo(torch.float64).eps * spectrum.values[:, :1].abs())


def _stacked(parts: list[Tensor]) -> NDArray[np.generic]:
    return np.stack([part.numpy() for part in parts])


def _array(values: Tensor) -> NDArray[np.float64]:
    return np.asarray(values.detach().cpu().numpy())
