"""What the figures of the family show."""

import numpy as np
import xarray as xr

from widthscope.boltzmann.plateau import orders_of, plateau
from widthscope.statistics.over_seeds import band
from widthscope.studies.attnbm.memorisation.tables import Tables, sizes_of


def drawn(tables: Tables) -> dict[str, xr.Dataset]:
    """Curves by path."""
    found = {
        "/curves/memorisation-loss": loss(tables["published/small"], tables["published/patterns"]),
        "/curves/memorisation-fields": tables["receptive-fields"].assign_attrs(tables["images"].attrs),
    }
    for kind, part in (("free", "hidden-units"), ("copied", "copied")):
        found[f"/curves/memorisation-hidden/{kind}"] = over_hidden(
            [tables[f"{part}/{name}"] for name in sizes_of(tables, part)]
        )
    for name in sizes_of(tables, "plateaus"):
        found[f"/curves/memorisation-plateau/{name}"] = against_formula(tables[f"plateaus/{name}/settled"])
    return found


def loss(table: xr.Dataset, held: xr.Dataset) -> xr.Dataset:
    """Mean NLL over epochs with its band, and the floors: log P, the formula, and from the patterns."""
    curve = band(table["nll"].mean("pattern"), "nll")
    norm = float(table.attrs["pixels"])
    orders = [orders_of(own) for own in table["owner"].isel(epoch=-1).values if not np.isnan(own).any()]
    stars = [plateau(own, norm).nll for own in orders]
    curve["formula"] = float(np.mean(stars)) if stars else np.nan
    curve["log_p"] = float(np.log(table.sizes["pattern"]))
    curve["from_patterns"] = float(held["nll"].isel(epoch=-1).mean())
    return curve.assign_attrs(table.attrs | {"seeds": table.sizes["seed"]})


def over_hidden(tables: list[xr.Dataset]) -> xr.Dataset:
    """Memorised share and mean NLL over the number of hidden units, with bands."""
    joined = xr.concat(
        [table["nll"].isel(epoch=-1, drop=True).drop_vars("seed") for table in tables], dim="hidden"
    ).assign_coords(hidden=[table.attrs["hidden"] for table in tables])
    floor = np.log(joined.sizes["pattern"])
    share = (joined < floor + 2).mean("pattern")
    found = xr.merge([band(share, "memorised"), band(joined.mean("pattern"), "nll")])
    found["log_p"] = float(floor)
    return found.assign_attrs(seeds=joined.sizes["seed"], patterns=joined.sizes["pattern"])


def against_formula(table: xr.Dataset) -> xr.Dataset:
    """Each seed's end and its formula, and the difference along descent on all patterns."""
    norm = float(table.attrs["pixels"])
    nll = table["nll"].mean("pattern")
    star = [
        np.nan if np.isnan(own).any() else plateau(orders_of(own), norm).nll
        for own in table["owner"].isel(epoch=-1).values
    ]
    return xr.Dataset(
        {
            "reached": ("seed", nll.isel(epoch=-1).values),
            "formula": ("seed", star),
            "difference": (("seed", "epoch"), np.abs(nll.values - np.array(star)[:, None])),
            "log_p": float(np.log(table.sizes["pattern"])),
        },
        coords={"epoch": table["epoch"].values},
        attrs=table.attrs,
    )
