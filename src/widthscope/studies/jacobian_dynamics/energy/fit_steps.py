"""Evidence on the energy along discrete time."""

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import of_counts
from widthscope.statistics.over_seeds import BAND_LEVEL, of_seeds
from widthscope.statistics.quantiles import share_limits
from widthscope.studies.jacobian_dynamics.energy.fit_flows import Tests


def tests(table: xr.Dataset) -> Tests:
    """Rises by size of the step, absolute and relative to the limit of each draw's A."""
    small = table["rises"].isel(step=slice(0, table.attrs["small"]))
    large = table["rises"].isel(step=slice(table.attrs["small"], None))
    relative = table["relative_rises"]
    below, above = (_rising_runs(relative.isel(relative_step=[k]), "η/limit") for k in (0, 1))
    return {
        "small-steps": (_rising_runs(small, "η"), _rising_runs(large, "η")),
        "large-steps": (_share_of_steps(large), _rising_runs(small, "η")),
        "below-limit": (below, above),
        "above-limit": (above, below),
        "unprojected": (_rising_runs(table["unprojected_rises"], "η"), None),
    }


def curve(table: xr.Dataset) -> xr.Dataset:
    """Share of runs with a rise by absolute step, with exact limits; the first draw's energy by step."""
    count = (table["rises"] > 0).sum("draw")
    low, high = share_limits(count.values, table.sizes["draw"], BAND_LEVEL)
    return xr.Dataset(
        {
            "runs": count / table.sizes["draw"],
            "runs_low": count.copy(data=low),
            "runs_high": count.copy(data=high),
            "steps": table["rises"].mean("draw"),
            "trace": table["trace"],
            "limit": table["limit"],
        },
        attrs=table.attrs,
    )


def _rising_runs(rises: xr.DataArray, label: str) -> xr.Dataset:
    """Runs, one for each draw, with a rise at any of their steps."""
    over = rises.dims[0]
    names = [f"{label}={step:g}, β={beta:g}" for step in rises[over].values for beta in rises["beta"].values]
    counts = (rises > 0).sum("draw").transpose(over, "beta").values
    return of_counts(names, np.ravel(counts), rises.sizes["draw"])


def _share_of_steps(rises: xr.DataArray) -> xr.Dataset:
    """Share of a run's steps at which the energy rises, over the draws."""
    names = [f"η={step:g}, β={beta:g}" for step in rises["step"].values for beta in rises["beta"].values]
    values = rises.transpose("step", "beta", "draw").values
    return of_seeds(names, list(values.reshape(-1, values.shape[-1])), possible=(0.0, 1.0))
