"""Evidence of the family `one_shot`: means over trained networks, each of which is one draw."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from widthscope.statistics.evidence import claim_tree, evidence
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.attention_paths.one_shot import curves, relabelling
from widthscope.studies.attention_paths.one_shot.tables import (
    accuracy_at_width,
    accuracy_of,
    agreements,
    architectures,
    at_end,
    gain_of_others_order,
    gain_over_random,
    off_diagonal_correlations,
    rank_correlations,
    rank_correlations_in_layers,
)

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = Mapping[str, xr.Dataset]
Quantity = Callable[[xr.Dataset], NDArray[np.float64]]

CORRELATIONS = (-1.0, 1.0)
"""Between which every correlation lies, and every difference of two accuracies."""

SHARES = (0.0, 1.0)
"""Between which every accuracy lies, and every share of networks."""

OTHERS = 5
"""Other networks whose trained weights stand in for a network's own, in a control."""


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = architectures(shards)
    claims = {
        "oneshot-fw-beats-gp": gain_tests(tables),
        "gd-order-parameter": order_tests(tables),
        "head-score": score_tests(tables),
        "pruning": pruning_tests(tables),
    }
    return {**claim_tree(claims), **curves.by_path(tables)}


def gain_tests(tables: Tables) -> Evidence:
    """Accuracy of the theory less that of the Gaussian process, beside that of the inverse weights."""

    def less(predictor: str, other: str) -> Quantity:
        return lambda table: accuracy_of(table, predictor) - accuracy_of(table, other)

    return {
        "gain": (
            _over_nets(tables, less("finite width", "Gaussian process")),
            _over_nets(tables, less("inverse", "Gaussian process")),
        ),
        "shuffled-labels": (_over_nets(tables, less("finite width", "shuffled labels")), None),
        "renamed-heads": (_over_nets(tables, less("finite width", "heads renamed")), None),
        "trained-network": (
            _over_nets(tables, lambda table: table["trained"].values - accuracy_of(table, "finite width")),
            None,
        ),
        "accuracies": (
            _named(tables, {name: _accuracy(name) for name in ("finite width", "Gaussian process")}, SHARES),
            None,
        ),
        "widths": (_by_width(tables), None),
        "restricted": (
            _named(
                tables,
                {
                    "multiples of the identity": less("finite width", "scalar"),
                    "diagonal matrices": less("finite width", "diagonal"),
                },
            ),
            None,
        ),
        "temperatures": (
            _named(tables, {name: _log_temperature(name) for name in ("finite width", "Gaussian process")}),
            None,
        ),
        "ends-of-grid": (
            _named(
                tables,
                {
                    f"{name}, {'warmest' if warmest else 'coldest'}": _at_end(name, warmest)
                    for name in ("finite width", "Gaussian process")
                    for warmest in (False, True)
                },
                SHARES,
            ),
            None,
        ),
    }


def order_tests(tables: Tables) -> Evidence:
    """Correlation of both order parameters beyond relabelling, beside those of different networks."""
    own = {name: agreements(table) for name, table in tables.items()}
    others = {
        name: [agreements(table, shift) for shift in range(1, min(OTHERS + 1, table.sizes["net"]))]
        for name, table in tables.items()
    }
    excess = [np.array([one.excess for one in found]) for found in own.values()]
    unrelated = [
        np.mean([[one.excess for one in found] for found in shifts], axis=0) for shifts in others.values()
    ]
    names = list(tables)
    quantities = {
        "all entries": [np.array([one.correlation for one in found]) for found in own.values()],
        "mean over relabellings": [np.array([one.null_mean for one in found]) for found in own.values()],
        "off the diagonal": [off_diagonal_correlations(table) for table in tables.values()],
    }
    return {
        "excess": (of_seeds(names, excess), of_seeds(names, unrelated)),
        "relabelled": (
            _log_combined(names, list(own.values())),
            _log_combined(names, [shifts[0] for shifts in others.values()]),
        ),
        "correlations": (
            of_seeds(
                [f"{what}, {name}" for what in quantities for name in names],
                [values for each in quantities.values() for values in each],
                possible=CORRELATIONS,
            ),
            None,
        ),
    }


def score_tests(tables: Tables) -> Evidence:
    """Rank correlation of scores with single-head drops, beside that with scores of the other networks."""

    def own(source: str) -> Quantity:
        return lambda table: np.diag(rank_correlations(table, source))

    def others(table: xr.Dataset) -> NDArray[np.float64]:
        found = rank_correlations(table, "theory")
        return np.asarray((found.sum(axis=1) - np.diag(found)) / (len(found) - 1))

    sources = {
        "weight norms": own("weights"),
        "gradient": own("gradient"),
        "theory of shuffled labels": own("shuffled labels"),
        "drops on other episodes": own("measured"),
    }
    return {
        "score": (
            _over_nets(tables, own("theory"), CORRELATIONS),
            _over_nets(tables, others, CORRELATIONS),
        ),
        "within-layers": (
            _over_nets(tables, lambda table: rank_correlations_in_layers(table, "theory"), CORRELATIONS),
            None,
        ),
        "other-scores": (_named(tables, sources, CORRELATIONS), None),
    }


def pruning_tests(tables: Tables) -> Evidence:
    """Accuracy along the theory's order less that along random ones, beside other networks' orders."""

    def over_random(order: str) -> Quantity:
        return lambda table: gain_over_random(table, order)

    def over(order: str) -> Quantity:
        return lambda table: gain_over_random(table, "theory") - gain_over_random(table, order)

    rivals = {
        "weight norms": over("weights"),
        "gradient": over("gradient"),
        "theory of shuffled labels": over("shuffled labels"),
        "drops on other episodes": over("measured"),
        "decreasing score": over("reversed"),
    }
    return {
        "random": (
            _over_nets(tables, over_random("theory"), CORRELATIONS),
            _over_nets(tables, gain_of_others_order, CORRELATIONS),
        ),
        "most-missed-first": (_over_nets(tables, over_random("worst"), CORRELATIONS), None),
        "other-orders": (_named(tables, rivals), None),
        "half": (_over_nets(tables, half_pruned), None),
    }


def half_pruned(table: xr.Dataset) -> NDArray[np.float64]:
    """Accuracy along the theory's order less random ones', with half the heads removed, (net,)."""
    half = int(table.attrs["layers"]) * int(table.attrs["heads"]) // 2
    at = table["pruned"].isel(step=min(half, table.sizes["step"] - 1))
    return np.asarray(
        (at.sel(order_of_pruning="theory") - at.sel(order_of_pruning="random")).transpose("net").values
    )


def _accuracy(predictor: str) -> Quantity:
    return lambda table: accuracy_of(table, predictor)


def _log_temperature(predictor: str) -> Quantity:
    return lambda table: np.log10(table["chosen"].sel(predictor=predictor).values)


def _at_end(predictor: str, warmest: bool) -> Quantity:
    return lambda table: at_end(table, predictor, warmest)


def _by_width(tables: Tables) -> xr.Dataset:
    """Accuracy of the theory less that of the Gaussian process, at every width of every architecture."""
    pairs = [(name, int(width)) for name, table in tables.items() for width in table["theory_width"].values]
    return of_seeds(
        [f"N={width}, {name}" for name, width in pairs],
        [
            accuracy_at_width(tables[name], width) - accuracy_of(tables[name], "Gaussian process")
            for name, width in pairs
        ],
        possible=CORRELATIONS,
    )


def _over_nets(tables: Tables, quantity: Quantity, possible: tuple[float, float] | None = None) -> xr.Dataset:
    """Evidence with a component for each architecture."""
    return of_seeds(list(tables), [quantity(table) for table in tables.values()], possible=possible)


def _named(
    tables: Tables, quantities: Mapping[str, Quantity], possible: tuple[float, float] | None = None
) -> xr.Dataset:
    """Evidence with a component for each quantity and architecture."""
    return of_seeds(
        [f"{what}, {name}" for what in quantities for name in tables],
        [quantity(table) for quantity in quantities.values() for table in tables.values()],
        possible=possible,
    )


def _log_combined(names: list[str], found: list[list[relabelling.Agreement]]) -> xr.Dataset:
    """Decimal logarithms of the combined p-values of each architecture's networks."""
    combined = [
        np.log10(relabelling.combined(np.array([one.p_value for one in nets])))
        if np.isfinite([one.correlation for one in nets]).all()
        else np.nan
        for nets in found
    ]
    return evidence(names, combined, 0.0, n=[len(nets) for nets in found])
