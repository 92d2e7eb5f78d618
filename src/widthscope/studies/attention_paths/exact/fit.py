"""Evidence of the family `exact`: deviations from exact posteriors, and how they fall."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import slope_evidence

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = dict[str, xr.Dataset]

THEORY, PROCESS, ANOTHER, TRANSPOSED = "theory", "gaussian process", "another width", "transposed paths"
QUANTITIES = {"mean": "mean", "matrix": "U"}
"""Judged: the predictor's mean and the order parameter U of the first layer."""

CASES = {
    "paths-1": "one layer",
    "paths-2": "two layers",
    "paths-3": "three layers",
    "unequal": "unequal layers",
    "deep": "three layers",
    "chains-2": "two paths",
    "chains-4": "four paths",
}
"""What evidence and figures call the tables."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = joined(shards)
    paths, shapes, chains = (
        {name: table for name, table in tables.items() if name in names or name.startswith(names)}
        for names in (("paths-",), ("unequal", "deep"), ("chains-",))
    )
    layered = {name: table for name, table in paths.items() if measured(table, TRANSPOSED)}
    claims = {
        "finite-width-exact": scaling_tests(paths),
        "general-shapes": shapes_tests(shapes),
        "hmm-theory-exact": chains_tests(chains),
        "control-path-order": order_tests(layered),
    }
    curves = {
        f"/curves/{figure}/{name}": curve(table)
        for figure, group in (("exact-scaling", paths), ("exact-shapes", shapes), ("exact-chains", chains))
        for name, table in group.items()
    }
    return {**claim_tree(claims), **curves}


def scaling_tests(tables: Tables) -> Evidence:
    """Slopes in the width of the theory's deviations, beside those of the Gaussian process."""
    return {
        "slope": (slopes(tables, THEORY), slopes(tables, PROCESS)),
        "nearer": (nearer(tables, THEORY, _last), nearer(tables, ANOTHER, _last)),
        "every-seed": (nearer_in_every_seed(tables), None),
        "variance": (slopes(tables, THEORY, {"variance": "variance"}), None),
        "monte-carlo": (monte_carlo(tables), None),
    }


def shapes_tests(tables: Tables) -> Evidence:
    """The same slopes where widths, heads and variances differ, and in three layers."""
    return {
        "slope": (slopes(tables, THEORY), slopes(tables, PROCESS)),
        "deviations": (means(tables, THEORY), None),
        "monte-carlo": (monte_carlo(tables), None),
    }


def chains_tests(tables: Tables) -> Evidence:
    """How much nearer the theory is than the Gaussian process at the worst width, and how U gets nearer."""
    order = {"matrix": "U"}
    accuracies = {
        name: 100 * (table["accuracy"].sel(candidate=THEORY) - table["exact_accuracy"]).mean("width")
        for name, table in tables.items()
    }
    return {
        "nearer": (nearer(tables, THEORY, _worst), nearer(tables, ANOTHER, _worst)),
        "slope": (slopes(tables, THEORY, order), slopes(tables, ANOTHER, order)),
        "mean-slope": (slopes(tables, THEORY, {"mean": QUANTITIES["mean"]}), None),
        "deviations": (means(tables, THEORY), None),
        "accuracy": (
            of_seeds([CASES[name] for name in tables], [one.values for one in accuracies.values()], 0.0),
            None,
        ),
        "monte-carlo": (monte_carlo(tables), None),
    }


def order_tests(tables: Tables) -> Evidence:
    """Slopes of the theory with its path index transposed, beside those of the right one."""
    return {
        "slope": (slopes(tables, TRANSPOSED), slopes(tables, THEORY)),
        "deviations": (means(tables, TRANSPOSED), None),
    }


def deviation(table: xr.Dataset, quantity: str, candidate: str) -> xr.DataArray:
    """Relative deviations (width, seed); NaN where the Monte-Carlo error hides them."""
    squared = table[quantity].sel(candidate=candidate, drop=True)
    return squared.where(squared > 0) ** 0.5


def measured(table: xr.Dataset, candidate: str) -> bool:
    """Whether the candidate was held to the exact posterior at all."""
    return bool(table["matrix"].sel(candidate=candidate).notnull().any())


def slopes(tables: Tables, candidate: str, quantities: Mapping[str, str] = QUANTITIES) -> xr.Dataset:
    """Slopes of log2 deviation on log2 width, by quantity and case."""
    shown = [(name, quantity) for name in tables for quantity in quantities]
    return slope_evidence(
        [f"{quantities[quantity]}, {CASES[name]}" for name, quantity in shown],
        [deviation(tables[name], quantity, candidate) for name, quantity in shown],
    )


def log_ratio(table: xr.Dataset, candidate: str) -> xr.DataArray:
    """log2 of the deviation of the Gaussian process's mean over the candidate's, (width, seed)."""
    ratio = deviation(table, "mean", PROCESS) / deviation(table, "mean", candidate)
    return ratio.copy(data=np.log2(ratio.values))


def nearer(tables: Tables, candidate: str, over_widths: Callable[[xr.DataArray], xr.DataArray]) -> xr.Dataset:
    """Log ratios by case, at the width that `over_widths` picks."""
    return of_seeds(
        [CASES[name] for name in tables],
        [over_widths(log_ratio(table, candidate)).values for table in tables.values()],
    )


def nearer_in_every_seed(tables: Tables) -> xr.Dataset:
    """The least log ratio of all seeds at the largest width, by case."""
    least = [float(_last(log_ratio(table, THEORY)).min(skipna=False)) for table in tables.values()]
    return evidence([CASES[name] for name in tables], least, 0.0)


def means(tables: Tables, candidate: str) -> xr.Dataset:
    """Mean relative deviations of the predictor and of U, by case and width."""
    shown = [
        (name, quantity, width)
        for name, table in tables.items()
        for quantity in QUANTITIES
        for width in table["width"].values
    ]
    return of_seeds(
        [
            f"{QUANTITIES[quantity]}, {CASES[name]}, {size_symbol(name)}={width}"
            for name, quantity, width in shown
        ],
        [
            deviation(tables[name], quantity, candidate).sel(width=width).values
            for name, quantity, width in shown
        ],
    )


def monte_carlo(tables: Tables) -> xr.Dataset:
    """Monte-Carlo error of the exact mean over the theory's deviation at the largest width, by case."""
    shares = [
        (_last(table["mean_error"]) / _last(deviation(table, "mean", THEORY))).values
        for table in tables.values()
    ]
    return of_seeds([CASES[name] for name in tables], shares)


def curve(table: xr.Dataset) -> xr.Dataset:
    """Mean deviations over seeds by width and candidate, with their bands; candidates that were compared."""
    names = [str(name) for name in table["candidate"].values if measured(table, str(name))]
    found = table[["effective"]].min("seed").assign_coords(candidate=names)
    for quantity in QUANTITIES:
        bands = [band(deviation(table, quantity, name), quantity) for name in names]
        found = found.assign(dict(xr.concat(bands, "candidate").data_vars))
    return found.assign_attrs(seeds=table.sizes["seed"])


def size_symbol(name: str) -> str:
    """What the sizes of a case are: the factor k of unequal widths, or the width N."""
    return "k" if name == "unequal" else "N"


def joined(shards: Mapping[str, xr.DataTree]) -> Tables:
    """The table of each case, whose widths, and data sets at one width, may be those of several shards."""
    parts: dict[str, dict[int, list[xr.Dataset]]] = {}
    for shard in sorted(shards):
        if shard == "exact" or shard.startswith("exact-"):
            for name, node in shards[shard].children.items():
                table = node.to_dataset().load()
                parts.setdefault(name, {}).setdefault(int(table["width"][0]), []).append(table)
    return {
        name: xr.concat(
            [xr.concat(tables, "seed").sortby("seed") for tables in parts[name].values()], "width"
        ).sortby("width")
        for name in CASES
        if name in parts
    }


def _last(values: xr.DataArray) -> xr.DataArray:
    return values.isel(width=-1)


def _worst(values: xr.DataArray) -> xr.DataArray:
    return values.min("width", skipna=False)
