"""Evidence of the family `sampling`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import slope_evidence
from widthscope.studies.attention_paths.sampling.distances import (
    converged,
    distance,
    off_diagonal_correlation,
    squared_discrepancy,
    told_apart,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = dict[str, xr.Dataset]

COMPARED = {"one-layer": "heads 2", "two-layers": "heads 2, 2", "unequal": "heads 3, 2, unequal"}
"""The cases with an exact posterior, and what they are called."""

MANY_PATHS = ("two-layers", "unequal")
"""Those with several pairs of paths."""

WAYS = ("exact", "theory", "limit")


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = tables_of(shards)
    cases = {name: tables[name] for name in COMPARED}
    widths = sorted((table for name, table in tables.items() if name not in COMPARED), key=_width)
    claims = {
        "sampling-agreement": agreement_tests(cases),
        "order-parameter-overlap": overlap_tests(cases, widths),
    }
    return {
        **claim_tree(claims),
        "/curves/sampling-agreement": agreement_curve(cases),
        "/curves/order-parameter-overlap": matrices_curve(cases["unequal"]),
        "/curves/order-parameter-widths": widths_curve(widths),
    }


def tables_of(shards: Mapping[str, xr.DataTree]) -> Tables:
    """Every case's table, from whichever shards have its data seeds."""
    parts: dict[str, list[xr.Dataset]] = {}
    for shard, tree in sorted(shards.items()):
        if shard == "sampling" or shard.startswith("sampling-"):
            for name, node in tree.children.items():
                parts.setdefault(str(name), []).append(node.to_dataset().load())
    return {name: xr.concat(found, dim="seed").sortby("seed") for name, found in parts.items()}


def agreement_tests(cases: Tables) -> Evidence:
    """Predictors: sampled against exact, then the theory against sampled."""
    names = [COMPARED[name] for name in cases]
    tables = list(cases.values())

    def nearer(way: str) -> list[np.ndarray]:
        return [np.log2(distance(table, "mean", way) / distance(table, "mean", "limit")) for table in tables]

    found: Evidence = {
        f"exact-{quantity}": (
            of_seeds(names, [squared_discrepancy(table, quantity, "exact") for table in tables]),
            of_seeds(names, [squared_discrepancy(table, quantity, other) for table in tables]),
        )
        for quantity, other in (("mean", "warmer"), ("variance", "theory"))
    }
    found["theory-mean"] = (
        of_seeds(names, [distance(table, "mean", "theory") for table in tables]),
        of_seeds(names, [distance(table, "mean", "limit") for table in tables]),
    )
    found["nearer-than-limit"] = (of_seeds(names, nearer("theory")), of_seeds(names, nearer("narrower")))
    shown = [
        (f"{COMPARED[name]}: {way}", distance(table, "variance", way))
        for name, table in cases.items()
        for way in ("theory", "limit")
    ]
    found["told-apart"] = (
        of_seeds(
            [f"{name}: {quantity}" for quantity in ("mean", "variance") for name in names],
            [told_apart(table, quantity) for quantity in ("mean", "variance") for table in tables],
        ),
        None,
    )
    found["theory-variance"] = (of_seeds([name for name, _ in shown], [each for _, each in shown]), None)
    return found


def overlap_tests(cases: Tables, widths: list[xr.Dataset]) -> Evidence:
    """Order parameters: sampled overlaps against exact means, and against the theory at several widths."""
    names = [COMPARED[name] for name in cases]
    many = {COMPARED[name]: cases[name] for name in MANY_PATHS}
    slopes = {way: slope_evidence(["heads 2"], [_by_width(widths, way)], -1.0) for way in ("theory", "wider")}

    def correlations(way: str) -> xr.Dataset:
        values = [off_diagonal_correlation(table, way) for table in many.values()]
        return of_seeds(list(many), values, possible=(-1.0, 1.0))

    return {
        "exact-order": (
            of_seeds(names, [squared_discrepancy(table, "order", "exact") for table in cases.values()]),
            of_seeds(names, [squared_discrepancy(table, "order", "warmer") for table in cases.values()]),
        ),
        "off-diagonal": (correlations("theory"), correlations("permuted")),
        "falls-with-width": (slopes["theory"], slopes["wider"]),
        "told-apart": (of_seeds(names, [told_apart(table, "order") for table in cases.values()]), None),
        "distance": (
            of_seeds(names, [distance(table, "order", "theory") for table in cases.values()]),
            None,
        ),
    }


def agreement_curve(cases: Tables) -> xr.Dataset:
    """Relative distances of predictors, seed by seed, with the worst diagnostics of all chains."""
    first = next(iter(cases.values()))
    values = [
        [
            [
                np.sqrt(np.abs(squared_discrepancy(table, quantity, "exact")))
                if way == "exact"
                else distance(table, quantity, way)
                for way in WAYS
            ]
            for quantity in ("mean", "variance")
        ]
        for table in cases.values()
    ]
    return xr.Dataset(
        {
            "distance": (("case", "quantity", "way", "seed"), np.array(values)),
            "r_hat": max(float(table["r_hat"].max()) for table in cases.values()),
            "effective": min(float(table["effective"].min()) for table in cases.values()),
        },
        coords={
            "case": [COMPARED[name] for name in cases],
            "quantity": ["mean", "variance"],
            "way": list(WAYS),
        },
        attrs={"seeds": first.sizes["seed"]},
    )


def matrices_curve(table: xr.Dataset) -> xr.Dataset:
    """Order parameters of the case of our own by way, means over the data sets whose chains have converged.

    Where there are none, samples are NaN, and the other ways are means over all data sets.
    """
    ways = ("sampled", "exact", "theory")
    passed = converged(table, "order")
    shown = table.isel(seed=passed if passed.any() else slice(None))
    means = [
        shown[f"order_{way}"].mean([dim for dim in ("seed", "half") if dim in shown[f"order_{way}"].dims])
        for way in ways
    ]
    if not passed.any():
        means[0] = means[0] * np.nan
    return xr.Dataset(
        {"order": (("way", "path", "other"), np.stack([each.values for each in means]))},
        coords={"way": list(ways)},
        attrs={"seeds": table.sizes["seed"], "converged": int(passed.sum())},
    )


def widths_curve(widths: list[xr.Dataset]) -> xr.Dataset:
    """Distance of the sampled order parameter from the theory's, right and told twice the width, by width."""
    ways = ["theory", "wider", "limit"]
    together = xr.concat([_by_width(widths, way) for way in ways], dim="way")
    found = band(together.assign_coords(way=ways), "distance")
    return found.assign(
        r_hat=max(float(table["r_hat"].max()) for table in widths),
        effective=min(float(table["effective"].min()) for table in widths),
    )


def _by_width(widths: list[xr.Dataset], way: str) -> xr.DataArray:
    return xr.DataArray(
        np.array([distance(table, "order", way) for table in widths]),
        dims=("width", "seed"),
        coords={"width": [_width(table) for table in widths]},
    )


def _width(table: xr.Dataset) -> int:
    return int(table.attrs["width"])
