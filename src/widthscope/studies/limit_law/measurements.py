"""From stored batch means to evidence and curves: the steps that the fits of several families share."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from widthscope.errors import StudyError
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import Estimate, jackknife
from widthscope.statistics.quantiles import critical_value

FIRST_WIDTH = 64
"""Widths below this one stay out of extrapolations: their terms beyond 1/n² are not small."""

CURVE_LEVEL = 0.99
"""Level of the error bars in the figures, each on its own."""


@dataclass(frozen=True)
class Measurement:
    """One estimate with its name, the draws behind it, and its prediction (NaN: none)."""

    name: str
    estimate: Estimate
    draws: int
    prediction: float = np.nan

    def relative(self) -> "Measurement":
        """The estimate as a multiple of its prediction, which becomes 1."""
        value, error = (
            self.estimate.value / self.prediction,
            self.estimate.standard_error / abs(self.prediction),
        )
        return Measurement(self.name, Estimate(value, error, self.estimate.degrees), self.draws, 1.0)


def joined(shards: Mapping[str, xr.DataTree], prefix: str) -> xr.Dataset:
    """The tables of all shards whose name starts with the prefix, one after the other along `point`.

    Raises:
        StudyError: if there is none.
    """
    tables = [shards[name].to_dataset() for name in sorted(shards) if name.startswith(prefix)]
    if not tables:
        raise StudyError(f"the sweep has no shard whose name starts with '{prefix}'")
    return xr.concat(tables, dim="point", data_vars="minimal", combine_attrs="no_conflicts").load()


def part_table(shards: Mapping[str, xr.DataTree], prefix: str, part: str) -> xr.Dataset:
    """One experiment's table from all shards whose name starts with the prefix and that hold it, as `joined`.

    Raises:
        StudyError: if no shard holds the experiment.
    """
    holding = {
        name: tree.children[part]
        for name, tree in shards.items()
        if name.startswith(prefix) and part in tree.children
    }
    if not holding:
        raise StudyError(f"the sweep has no shard '{prefix}*' that holds the experiment '{part}'")
    return joined(holding, prefix)


def rows(table: xr.Dataset, **where: str | int) -> Iterator[xr.Dataset]:
    """Points at which the named coordinates have the given values, by number of tokens, heads, width and so
    on."""
    order = [name for name in ("tokens", "heads", "head_dim", "width") if name in table.coords]
    chosen = [
        point
        for point in range(table.sizes["point"])
        if all(table[key].values[point] == value for key, value in where.items())
    ]
    chosen.sort(key=lambda point: [int(table[name].values[point]) for name in order])
    return (table.isel(point=point) for point in chosen)


def draws(row: xr.Dataset) -> int:
    """Independent draws behind one point."""
    return int(row.attrs["draws"]) * row.sizes["batch"]


def excess_kurtosis(row: xr.Dataset, name: str) -> Estimate:
    """3 Var(S)/E(S)² from the batch means of S and S², jackknifed over batches."""
    return jackknife(
        lambda mean, square: 3 * (square.mean(0) / mean.mean(0) ** 2 - 1), row[name], row[f"{name}_square"]
    )


def measured(entries: Sequence[Measurement]) -> xr.Dataset:
    """Measurements as evidence, one component each."""
    return of_estimates(
        [entry.name for entry in entries],
        [entry.estimate for entry in entries],
        prediction=[entry.prediction for entry in entries],
        n=[entry.draws for entry in entries],
    )


def wide_enough(widths: ArrayLike) -> np.ndarray:
    """Which widths enter an extrapolation: those from `FIRST_WIDTH` on, or the largest three if they are
    fewer."""
    n = np.asarray(widths)
    third = np.sort(n)[-min(3, len(n))]
    return np.asarray(n >= min(FIRST_WIDTH, third))


def extrapolate(widths: ArrayLike, estimates: Sequence[Estimate]) -> Estimate:
    r"""Limit of a quantity as n → ∞: weighted least squares of a + b/n + c/n² (four widths or more; else c =
    0).

    Args:
        widths: (K,) widths n, K >= 3.
        estimates: (K,) independent estimates with standard errors > 0.

    Returns:
        a, its standard error, and Satterthwaite's degrees of freedom.

    Raises:
        ValueError: if there are fewer than three widths.
    """
    n = np.asarray(widths, dtype=float)
    if len(n) < 3:
        raise ValueError(f"an extrapolation needs at least 3 widths, not {len(n)}")
    y, sigma, degrees = (
        np.array([getattr(estimate, name) for estimate in estimates], dtype=float)
        for name in ("value", "standard_error", "degrees")
    )
    powers = np.arange(3 if len(n) >= 4 else 2)
    design = (n.min() / n)[:, None] ** powers / sigma[:, None]
    influence = np.linalg.pinv(design)[0]  # change of the limit for one standard error at each width
    variance = influence**2
    curvature = float(np.sum(variance**2 / degrees))
    return Estimate(
        float(influence @ (y / sigma)),
        float(np.sqrt(variance.sum())),
        float(variance.sum() ** 2 / curvature) if curvature > 0 else np.inf,
    )


def points_of_curve(
    series: str, x: Sequence[float], estimates: Sequence[Estimate], prediction: ArrayLike = np.nan
) -> xr.Dataset:
    """Points of one series of a figure, along `row`: x, the estimate with its interval, and its
    prediction."""
    value = np.array([estimate.value for estimate in estimates], dtype=float)
    half = np.array([critical_value(CURVE_LEVEL, e.degrees) * e.standard_error for e in estimates])
    return _curve(series, x, value, value - half, value + half, prediction)


def exact_curve(series: str, x: Sequence[float], values: ArrayLike) -> xr.Dataset:
    """A series known without sampling error, along `row`."""
    y = np.asarray(values, dtype=float)
    return _curve(series, x, y, y, y, y)


def curves(*series: xr.Dataset) -> xr.Dataset:
    """Several series in one table along `row`; the variable `series` tells them apart."""
    return xr.concat(series, dim="row")


def _curve(
    series: str,
    x: Sequence[float],
    estimate: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    prediction: ArrayLike,
) -> xr.Dataset:
    columns = {
        "x": np.asarray(x, dtype=float),
        "estimate": estimate,
        "low": low,
        "high": high,
        "prediction": np.broadcast_to(np.asarray(prediction, dtype=float), estimate.shape),
        "series": np.array([series] * len(estimate), dtype=np.str_),
    }
    return xr.Dataset({name: ("row", values) for name, values in columns.items()})
