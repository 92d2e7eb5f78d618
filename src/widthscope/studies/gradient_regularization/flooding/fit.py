"""Evidence of the family `flooding`: pairs of steps against their formula, and the loss about the level."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds

CONTROLS = {"swapped": "formula of the other order", "same_sign": "both steps of one sign"}

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claim of the family and the curves of its figure, by path."""
    own = [tree["pairs"].to_dataset().load() for name, tree in shards.items() if is_own(name)]
    pairs = xr.concat(own, "member", combine_attrs="override")
    tests: Evidence = {
        "deviation": deviations(pairs),
        "relative": (largest(pairs, "relative"), None),
        "alternating": (over_seeds(pairs, share_alternating(pairs), possible=(0.0, 1.0)), None),
        "mean-loss": (over_seeds(pairs, mean_loss(pairs) / pairs.attrs["level"]), None),
    }
    return {**claim_tree({"flood-two-step": tests}), "/curves/flooding-pairs": curves(pairs)}


def is_own(name: str) -> bool:
    """Whether a shard of this name is of the family."""
    return name == "flooding" or name.startswith("flooding-from")


def deviations(pairs: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
    """Largest distance from the right formula, least ones from wrong ones, over pairs and seeds."""
    wrong = [extreme(pairs, name, "min") for name in CONTROLS]
    components = [f"{words}: {component}" for words in CONTROLS.values() for component in names(pairs)]
    control = evidence(components, np.concatenate(wrong), 0.0, 0.0, n=count(pairs))
    return largest(pairs, "right"), control


def largest(pairs: xr.Dataset, name: str) -> xr.Dataset:
    """Largest value over pairs and seeds, by order and rate."""
    return evidence(names(pairs), extreme(pairs, name, "max"), 0.0, 0.0, n=count(pairs))


def extreme(pairs: xr.Dataset, name: str, which: str) -> np.ndarray:
    """Extreme value over each seed's pairs, and over seeds; NaN where a seed had no pair in that order."""
    of_member = getattr(pairs[name], which)("step", skipna=True)
    found = [
        getattr(of_member.sel(order=order)[pairs["rate"].values == rate], which)("member", skipna=False)
        for order in pairs["order"].values
        for rate in rates(pairs)
    ]
    return np.array([float(value) for value in found])


def names(pairs: xr.Dataset) -> list[str]:
    """Components, by order and rate."""
    words = {"descent-ascent": "descent, then ascent", "ascent-descent": "ascent, then descent"}
    return [f"{words[order]}, eta={rate:g}" for order in pairs["order"].values for rate in rates(pairs)]


def rates(pairs: xr.Dataset) -> Sequence[float]:
    """Learning rates, rising."""
    return sorted({float(rate) for rate in pairs["rate"].values})


def count(pairs: xr.Dataset) -> int:
    """Seeds."""
    return len(np.unique(pairs["seed"].values))


def sides(pairs: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Whether the loss is above the level before each update, and whether it was not, then or before.

    Both (member, update).
    """
    above = pairs["loss"].values > pairs.attrs["level"]
    return above, np.logical_or.accumulate(pairs["loss"].values <= pairs.attrs["level"], axis=1)


def share_alternating(pairs: xr.Dataset) -> np.ndarray:
    """Share of consecutive steps with opposite signs since the level was reached, (member,); NaN of none."""
    above, reached = sides(pairs)
    opposite = (above[:, 1:] != above[:, :-1]) & reached[:, :-1]
    return _ratio(opposite.sum(axis=1), reached[:, :-1].sum(axis=1))


def mean_loss(pairs: xr.Dataset) -> np.ndarray:
    """Mean loss since the level was reached, (member,); NaN where it was not."""
    reached = sides(pairs)[1]
    return _ratio(np.where(reached, pairs["loss"].values, 0.0).sum(axis=1), reached.sum(axis=1))


def over_seeds(
    pairs: xr.Dataset, values: np.ndarray, possible: tuple[float, float] | None = None
) -> xr.Dataset:
    """Means over seeds of values (member,), by rate."""
    of_rate = [values[pairs["rate"].values == rate] for rate in rates(pairs)]
    return of_seeds([f"eta={rate:g}" for rate in rates(pairs)], of_rate, possible=possible)


def curves(pairs: xr.Dataset) -> xr.Dataset:
    """What the figure shows: losses of the first seed, and extremes over seeds by order and rate."""
    first = pairs["seed"].values == pairs["seed"].values[0]
    losses = pairs["loss"][first].drop_vars("seed").swap_dims(member="rate").sortby("rate")
    found = {
        name: (("order", "rate"), extreme(pairs, name, which).reshape(-1, len(rates(pairs))))
        for name, which in (("right", "max"), ("swapped", "min"), ("same_sign", "min"))
    }
    return xr.Dataset({"loss": losses.drop_vars("member", errors="ignore")}, attrs=pairs.attrs).assign(
        {name: xr.DataArray(values, dims=dims) for name, (dims, values) in found.items()}
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    found = np.full(len(whole), np.nan)
    np.divide(part, whole, out=found, where=whole > 0)
    return found
