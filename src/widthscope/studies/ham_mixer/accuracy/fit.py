"""Evidence of the family `accuracy`: differences between arms, paired by seed, and alignments."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds

Tables = dict[str, xr.Dataset]
"""By arm: what was measured, over all seeds."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]

ARMS = ("vanilla", "para", "sym", "sym2", "neg")
FREE = ("para", "vanilla")

CALLED = {
    "vanilla": "serial",
    "para": "parallel",
    "sym": "symmetric",
    "sym2": "symmetric, twice the hidden units",
    "neg": "anti-tied",
}

POINTS = 30
"""Of a loss curve, about: each averages the updates around it."""

QUARTER = 0.25
"""Of the gap between parallel and symmetric networks: what serial ones may differ by and count as equal."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    main, templates = tables_of(shards, "main"), tables_of(shards, "templates")
    claims = {
        "sym-hurts": sym_hurts(main, templates),
        "not-param-count": not_param_count(main),
        "para-equals-vanilla": para_equals_vanilla(main),
        "sign-control": sign_control(main, templates),
        "spontaneous-breaking": spontaneous_breaking(main),
    }
    return claim_tree(claims) | drawn({"main": main, "templates": templates})


def tables_of(shards: Mapping[str, xr.DataTree], setup: str) -> Tables:
    """What the shards of the family hold of a setup, by arm, seeds in order."""
    parts: dict[str, list[xr.Dataset]] = {}
    for name, shard in shards.items():
        if name.startswith("accuracy") and setup in shard.children:
            for arm, node in shard[setup].children.items():
                parts.setdefault(arm, []).append(node.to_dataset(inherit=False))
    return {
        arm: xr.concat(tables, "seed", combine_attrs="override", coords="minimal", compat="override").sortby(
            "seed"
        )
        for arm, tables in parts.items()
    }


def sums(tables: Tables, weights: Mapping[str, float], part: str = "test") -> NDArray[np.float64]:
    """A weighted sum of accuracies for each seed that all arms with a weight share."""
    terms = [weight * tables[arm]["accuracy"].sel(part=part) for arm, weight in weights.items()]
    values: NDArray[np.float64] = sum(xr.align(*terms, join="inner")).values  # type: ignore[union-attr]
    return values


def less(tables: Tables, first: str, second: str) -> xr.Dataset:
    """Accuracy of one arm less that of another, over the seeds of both."""
    return _evidence(tables, {f"{CALLED[first]} less {CALLED[second]}": {first: 1, second: -1}})


def sym_hurts(main: Tables, templates: Tables) -> Evidence:
    """Free couplings against symmetric ones; the control takes the doubled network and the anti-tied one."""
    both = {f"{CALLED[free]} less {CALLED['sym']}": {free: 1.0, "sym": -1.0} for free in FREE}
    return {
        "main": (_evidence(main, both), less(main, "sym2", "neg")),
        "templates": (less(templates, "para", "sym"), less(templates, "sym", "neg")),
        "accuracy": (_accuracies(main, "test"), None),
        "training-accuracy": (_accuracies(main, "train"), None),
        "templates-accuracy": (_accuracies(templates, "test"), None),
        "templates-training-accuracy": (_accuracies(templates, "train"), None),
    }


def not_param_count(main: Tables) -> Evidence:
    """Against the symmetric network with as many weights as the free one."""
    return {
        "main": (less(main, "para", "sym2"), less(main, "sym", "neg")),
        "doubling": (less(main, "sym2", "sym"), None),
    }


def para_equals_vanilla(main: Tables) -> Evidence:
    """A quarter of the gap between parallel and symmetric, less the difference and plus it: both above 0."""
    return {
        "main": (_equivalence(main, "vanilla"), _equivalence(main, "sym2")),
        "difference": (less(main, "para", "vanilla"), None),
        "margin": (_evidence(main, {"a quarter of the gap": {"para": QUARTER, "sym": -QUARTER}}), None),
    }


def sign_control(main: Tables, templates: Tables) -> Evidence:
    """Where the anti-tied network lies between the symmetric and the parallel one.

    The control exchanges the ties: the doubled symmetric network between the anti-tied and the parallel one.
    """
    return {
        "main": (_above_middle(main, "neg", "sym"), _above_middle(main, "sym2", "neg")),
        "against-symmetric": (less(main, "neg", "sym"), None),
        "against-parallel": (less(main, "para", "neg"), None),
        "templates": (less(templates, "para", "neg"), None),
    }


def spontaneous_breaking(main: Tables) -> Evidence:
    """Mean alignment of all pairs after training, at the start, and with hidden units permuted."""
    trained = {arm: _mean(main[arm]["alignment"].isel(epoch=-1)) for arm in FREE}
    start = {arm: _mean(main[arm]["alignment"].isel(epoch=0)) for arm in FREE}
    permuted = {arm: main[arm]["permuted"].mean(("block", "pair")) for arm in FREE}
    spread = {arm: one.std("permutation", ddof=1).values for arm, one in permuted.items()}
    return {
        "main": (_named(trained), _named({arm: _mean(one) for arm, one in permuted.items()})),
        "start": (_named(start), None),
        "spread": (_named(spread), None),
        "pairs": (_by_pair(main), None),
    }


def drawn(setups: Mapping[str, Tables]) -> dict[str, xr.Dataset]:
    """Accuracies of every seed, losses on the way and alignments, by path."""
    found = {}
    for setup, tables in setups.items():
        for arm, table in tables.items():
            means = band(table["accuracy"], "mean")
            curve = xr.merge([table[["accuracy"]], means])
            losses = xr.apply_ufunc(np.log, table["loss"])
            window = max(1, losses.sizes["update"] // POINTS)
            loss = band(losses.coarsen(update=window, boundary="trim").mean(), "log_loss")
            found[f"/curves/accuracy-{setup}/{arm}"] = curve.assign_attrs(table.attrs)
            found[f"/curves/accuracy-loss-{setup}/{arm}"] = loss.assign_attrs(table.attrs)
    for arm in FREE:
        table = setups["main"][arm]
        means = band(table["alignment"].mean(("block", "pair")), "alignment")
        null = table["permuted"].mean(("block", "pair"))
        found[f"/curves/accuracy-alignment/{arm}"] = means.assign(
            pair_alignment=table["alignment"].isel(epoch=-1).mean("seed"),
            null=float(null.std()),
        ).assign_attrs(seeds=table.sizes["seed"])
    return found


def _evidence(tables: Tables, components: Mapping[str, Mapping[str, float]]) -> xr.Dataset:
    values = [sums(tables, weights) for weights in components.values()]
    return of_seeds(list(components), values)


def _equivalence(tables: Tables, other: str) -> xr.Dataset:
    """Both sides of |parallel less other| < a quarter of (parallel less symmetric)."""
    below = {"para": QUARTER - 1, "sym": -QUARTER, other: 1.0}
    above = {"para": QUARTER + 1, "sym": -QUARTER, other: -1.0}
    return _evidence(tables, {"parallel not far behind": above, "parallel not far ahead": below})


def _above_middle(tables: Tables, tie: str, opposite: str) -> xr.Dataset:
    """One tie's accuracy less the mean of the free network's and the opposite tie's."""
    name = f"{CALLED[tie]} less the middle"
    return _evidence(tables, {name: {tie: 1.0, "para": -0.5, opposite: -0.5}})


def _accuracies(tables: Tables, part: str) -> xr.Dataset:
    arms = [arm for arm in ARMS if arm in tables]
    values = [tables[arm]["accuracy"].sel(part=part).values for arm in arms]
    return of_seeds([CALLED[arm] for arm in arms], values, possible=(0.0, 1.0))


def _mean(values: xr.DataArray) -> NDArray[np.float64]:
    """Over everything but the seeds."""
    means: NDArray[np.float64] = values.mean([dim for dim in values.dims if dim != "seed"]).values
    return means


def _named(values: Mapping[str, NDArray[np.float64]]) -> xr.Dataset:
    return of_seeds([CALLED[arm] for arm in values], list(values.values()))


def _by_pair(tables: Tables) -> xr.Dataset:
    rows: dict[str, Sequence[float]] = {}
    for arm in FREE:
        last = tables[arm]["alignment"].isel(epoch=-1)
        for pair in last["pair"].values:
            rows[f"{CALLED[arm]}, {pair} mixing"] = _mean(last.sel(pair=pair)).tolist()
    return of_seeds(list(rows), list(rows.values()))
