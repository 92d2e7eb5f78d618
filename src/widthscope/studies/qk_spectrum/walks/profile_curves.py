"""What the figures show of profiles: means over batches beside formula and quadrature."""

import xarray as xr

from widthscope.statistics.intervals import batch_means


def profile_curves(table: xr.Dataset) -> xr.Dataset:
    """Mean shares with standard errors, (spectrum, place), beside formula and quadrature."""
    found = batch_means(table["propagated"].values)
    dims = ("spectrum", "place")
    return xr.Dataset(
        {
            "share": (dims, found.value),
            "share_error": (dims, found.standard_error),
            "formula": (dims, table["formula"].values),
            "exact": (dims, table["exact"].values),
            "xi": ("spectrum", table["xi"].values),
            "eta": ("spectrum", table["eta"].values),
        },
        coords={
            "spectrum": table["spectrum"].values,
            "place": table["position"].values / table.attrs["tokens"],
        },
        attrs={name: int(table.attrs[name]) for name in ("width", "tokens")},
    )


def softmax_curves(table: xr.Dataset) -> xr.Dataset:
    """Means over batches of attention, clipped-linear weight and propagation by place."""
    means = {name: ("place", table[name].values.mean(0)) for name in ("mass", "linear", "propagated")}
    attributes = {name: float(table.attrs[name]) for name in ("xi", "eta", "width", "tokens")}
    return xr.Dataset(means, {"place": table["position"].values / table.attrs["tokens"]}, attributes)
