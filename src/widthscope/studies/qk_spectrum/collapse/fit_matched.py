"""Evidence and curves of the experiment `matched_entropy`."""

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.statistics.over_seeds import band


def tests(table: xr.Dataset) -> dict[str, tuple[xr.Dataset, xr.Dataset | None]]:
    """Measured and control evidence of the claim `both-collapses`, by test."""
    walk, iid = (ratios(table, law, "concentrated") for law in ("walk", "iid"))
    half = table.sizes["seed"] // 2
    halves = iid.isel(seed=slice(0, half)), iid.isel(seed=slice(half, None))
    return {
        "diversity": (_means(walk), _means(ratios(table, "walk", "mirrored"))),
        "walks-exceed-iid": (_differences(walk, iid), _differences(*halves)),
        "rank-collapse": _collapsed(table),
        "matching": _mismatch(table),
        "iid-ratio": (_means(iid), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Mean residuals over the seeds with their intervals, over law, spectrum and entropy."""
    ratio = [ratios(table, law, "concentrated").mean("seed").values for law in table["law"].values]
    found = band(table["residual"], "residual").assign(ratio=(("law", "target"), ratio))
    return found.assign_attrs(table.attrs)


def ratios(table: xr.Dataset, law: str, spectrum: str) -> xr.DataArray:
    """Residual of one spectrum over that of the spread one on the same sequences, (target, seed)."""
    residual = table["residual"].sel(law=law).transpose("spectrum", "target", "seed")
    return residual.sel(spectrum=spectrum, drop=True) / residual.sel(spectrum="spread", drop=True)


def _means(ratio: xr.DataArray) -> xr.Dataset:
    found = batch_means(ratio.transpose("seed", "target").values)
    return of_estimates(_names(ratio), found, n=ratio.sizes["seed"])


def _differences(first: xr.DataArray, second: xr.DataArray) -> xr.Dataset:
    """Difference of the mean ratios of independent seeds, with Welch's degrees of freedom."""
    one, other = (batch_means(ratio.transpose("seed", "target").values) for ratio in (first, second))
    variances = one.standard_error**2, other.standard_error**2
    total = variances[0] + variances[1]
    degrees = total**2 / (variances[0] ** 2 / one.degrees + variances[1] ** 2 / other.degrees)
    count = min(first.sizes["seed"], second.sizes["seed"])
    return of_estimates(_names(first), Estimate(one.value - other.value, np.sqrt(total), degrees), n=count)


def _collapsed(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Largest residual over the seeds without scores, and the smallest with the weakest scores, by law."""
    laws = [str(law) for law in table["law"].values]
    uniform = table["uniform_residual"].max("seed").values
    weakest = table["residual"].min(("spectrum", "target", "seed")).values
    return _exact(laws, uniform), _exact(laws, weakest)


def _mismatch(table: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Largest difference in entropy between the spectra, by law: when matched, and at equal strength."""
    laws = [str(law) for law in table["law"].values]
    matched = np.ptp(table["entropy"].transpose("law", "spectrum", ...).values, axis=1).max(axis=(1, 2))
    concentrated = table["entropy"].sel(spectrum="concentrated", drop=True)
    unmatched = abs(table["equal_strength"] - concentrated).max(("target", "seed")).values
    return _exact(laws, matched), _exact(laws, unmatched)


def _exact(laws: list[str], values: np.ndarray) -> xr.Dataset:
    """Numbers without sampling error, to be compared with 0."""
    return evidence(laws, values, 0.0, prediction=0.0)


def _names(ratio: xr.DataArray) -> list[str]:
    return [f"entropy {target:g}" for target in ratio["target"].values]
