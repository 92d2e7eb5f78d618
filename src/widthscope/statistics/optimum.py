"""The best learning rate by a fit through the curve, its drift with the width, and its transfer.

A seed's optimum is the vertex of the parabola through the three points around the smallest log loss, over
log2 of the rate. It is measured only where the grid holds it:

- a smallest loss at the grid's end is no optimum: NaN, and a flag;
- a member that diverged has an infinite loss. Where a neighbour of the smallest loss diverged there is no
  parabola: the optimum is that grid point, and as it may lie in either interval beside it, the error is taken
  as uniform over both; seeds share it, and it enters the interval: a finer grid makes it small;
- a rate that was not trained is left out of the grid.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.statistics.intervals import Estimate
from widthscope.statistics.width_slopes import line_slopes, over_seeds

FLAGS = ("measured", "cliff", "low edge", "high edge", "flat", "all diverged")
MEASURED, CLIFF, LOW_EDGE, HIGH_EDGE, FLAT, DIVERGED = range(len(FLAGS))

ROUNDING = 3**0.5
"""A step over the standard deviation of an error that is uniform from one step below to one above."""


class Vertex(NamedTuple):
    """The optimum of one curve.

    Attributes:
        log2_rate: NaN where it is not measured.
        log_loss: of the parabola there, natural logarithm; the smallest on the grid where there is none.
        flag: place in `FLAGS`.
        resolution: standard error of the grid: 0, or beside a cliff a step over sqrt(3).
    """

    log2_rate: float
    log_loss: float
    flag: int
    resolution: float = 0.0


def vertex(log2_rates: ArrayLike, losses: ArrayLike) -> Vertex:
    """Optimum of one curve.

    Args:
        log2_rates: (K,), rising, not necessarily evenly spaced.
        losses: (K,), positive; infinite for one that diverged, NaN for one that was not trained.

    Raises:
        ValueError: if a loss is not positive, or rates do not rise.
    """
    x, loss = np.asarray(log2_rates, dtype=float), np.asarray(losses, dtype=float)
    x, loss = x[~np.isnan(loss)], loss[~np.isnan(loss)]
    if (np.diff(x) <= 0).any():
        raise ValueError(f"learning rates must rise, got log2 {x}")
    if (loss <= 0).any():
        raise ValueError(f"losses must be positive, got {loss}")
    if not np.isfinite(loss).any():
        return Vertex(np.nan, np.inf if len(loss) else np.nan, DIVERGED)
    y = np.log(loss)
    best, last = (int(place) for place in np.flatnonzero(y == y.min())[[0, -1]])
    if best == 0 or last == len(y) - 1:
        return Vertex(np.nan, float(y[best]), LOW_EDGE if best == 0 else HIGH_EDGE)
    if last > best + 1:
        return Vertex(np.nan, float(y[best]), FLAT)
    left, right = x[best] - x[best - 1], x[best + 1] - x[best]
    if not np.isfinite(y[best - 1 : best + 2]).all():
        return Vertex(float(x[best]), float(y[best]), CLIFF, float(left + right) / 2 / ROUNDING)
    # Newton's form about the middle point: y = y_0 + slope (x - x_0) + curvature (x - x_0)^2
    fall, rise = (y[best] - y[best - 1]) / left, (y[best + 1] - y[best]) / right
    curvature = (rise - fall) / (left + right)
    slope = (fall * right + rise * left) / (left + right)
    shift = -slope / (2 * curvature)
    return Vertex(float(x[best] + shift), float(y[best] - slope**2 / (4 * curvature)), MEASURED)


def curves(table: xr.Dataset, loss: str = "train_loss") -> xr.DataArray:
    """A sweep's losses after its last step, infinite where a member diverged, NaN where none was trained.

    Args:
        table: of a width sweep, with `diverged` and `done`; dimensions of size 1 but ``lr``, ``width`` and
            ``seed`` are dropped.
        loss: name of the loss, over (width, lr, ..., seed, step).
    """
    last = table[loss].isel(step=-1, drop=True).astype(float)
    last = last.where(np.isfinite(last) & ~table["diverged"], np.inf).where(table["done"])
    single = [dim for dim, size in last.sizes.items() if size == 1 and dim not in ("lr", "width", "seed")]
    return last.squeeze(single, drop=True)


def optima(losses: xr.DataArray) -> xr.Dataset:
    """Optima of curves over ``lr``: `log2_lr`, `log_loss`, `flag` and `resolution` over the other dimensions.

    Errors as of `vertex`.
    """
    rising = losses.sortby("lr").transpose(..., "lr")
    x = np.log2(rising["lr"].values.astype(float))
    rows = rising.values.reshape(-1, len(x))
    found = np.array([vertex(x, row) for row in rows], dtype=float).reshape(*rising.shape[:-1], 4)
    kept = rising.isel(lr=0, drop=True)
    return xr.Dataset(
        {
            "log2_lr": kept.copy(data=found[..., 0]),
            "log_loss": kept.copy(data=found[..., 1]),
            "flag": kept.copy(data=found[..., 2].astype(int)),
            "resolution": kept.copy(data=found[..., 3]),
        },
        attrs={"flags": list(FLAGS)},
    )


def mean_optima(found: xr.Dataset) -> list[Estimate]:
    """For each width the mean over seeds of log2 lr*, NaN unless it was measured for every seed.

    Beside a cliff the error of the grid, which seeds share, enters the standard error.
    """
    widths = range(found.sizes["width"])
    return [_with_resolution(found.isel(width=place), np.ones(1)) for place in widths]


def drift(found: xr.Dataset, drop: int = 0) -> Estimate:
    """Drift of the optimum per doubling of the width: slope of log2 lr* on log2 width, seed by seed.

    Args:
        found: of `optima`, over (width, seed).
        drop: how many of the smallest widths to leave out.

    Returns:
        mean over seeds and its standard error, as of `mean_optima`; NaN unless every optimum was measured.

    Raises:
        ValueError: if fewer than two widths are left.
    """
    rising = found.sortby("width").isel(width=slice(drop, None))
    x = np.log2(rising["width"].values.astype(float))
    line_slopes(x, x)  # raises where no line can be drawn
    centred = x - x.mean()
    return _with_resolution(rising, centred / np.square(centred).sum())


def transfer_regret(losses: xr.DataArray) -> xr.DataArray:
    """What it costs to tune at the smallest width, log L(M_max; lr*(M_min)) - min log L(M_max; .), (seed,).

    lr* is the best rate on the grid, as one who tunes would choose it. Infinite where it diverges at the
    largest width; NaN where it lies on the grid's end at the smallest, or was not trained at the largest.

    Args:
        losses: of `curves`, over (width, lr, seed).
    """
    rising = losses.sortby("lr").sortby("width").transpose("width", "seed", "lr")
    x = np.log2(rising["lr"].values.astype(float))
    small, large = rising.isel(width=0).values, rising.isel(width=-1).values
    found = [_regret(x, tuned, used) for tuned, used in zip(small, large, strict=True)]
    return rising.isel(width=0, lr=0, drop=True).copy(data=np.array(found))


def flag_counts(found: xr.Dataset) -> dict[str, int]:
    """How many optima carry each flag, by its name; those that none carries are left out."""
    flags = found["flag"].values.ravel()
    return {name: int((flags == place).sum()) for place, name in enumerate(FLAGS) if (flags == place).any()}


def _with_resolution(found: xr.Dataset, weights: Sequence[float] | np.ndarray) -> Estimate:
    """Mean over seeds of the widths' weighted sum of optima; resolutions count as errors common to seeds."""
    shape = (len(weights), -1)
    values = found["log2_lr"].transpose(..., "seed").values.reshape(shape)
    steps = found["resolution"].transpose(..., "seed").values.reshape(shape).mean(axis=1)
    sampled = over_seeds(np.asarray(weights) @ values)
    common = float(np.sqrt(np.square(np.asarray(weights) * steps).sum()))
    error = float(np.hypot(sampled.standard_error, common))
    if not common or not np.isfinite(error):
        return Estimate(sampled.value, error, sampled.degrees)
    # Satterthwaite: the error of the grid is known, so that it has no degrees of freedom to lose
    share = (sampled.standard_error / error) ** 4
    return Estimate(sampled.value, error, sampled.degrees / share if share > 0 else np.inf)


def _regret(x: np.ndarray, tuned: np.ndarray, used: np.ndarray) -> float:
    at = vertex(x, tuned)
    if at.flag not in (MEASURED, CLIFF) or not np.isfinite(used).any():
        return np.nan
    chosen = used[np.nanargmin(tuned)]
    return float(np.log(chosen) - np.log(np.nanmin(used)))
