"""Evidence on the order parameter itself: which paths it prefers, combines, and what kernel it makes."""

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.attention_paths.hidden_markov.accuracies import (
    Evidence,
    Tables,
    called,
    finite,
    narrowest,
    restricted,
)
from widthscope.studies.attention_paths.hidden_markov.variants import CALLED, FOUR, PATHS, TWO, VARIANTS


def interplay_tests(tables: Tables) -> Evidence:
    """What cross-path weights are worth, beside weights of the opposite sign."""
    diagonal = {variant: restricted(tables[variant], "diagonal") for variant in VARIANTS}
    gain = {variant: finite(tables[variant]) - diagonal[variant] for variant in VARIANTS}
    opposite = restricted(tables[TWO], "negated") - diagonal[TWO]
    correlated = [
        correlation(narrowest(tables[variant])["order_parameter"], "good", "denoising").values
        for variant in VARIANTS
    ]
    return {
        "cross-paths": (of_seeds([CALLED[TWO]], [gain[TWO]]), of_seeds([CALLED[TWO]], [opposite])),
        "four-paths": (of_seeds([CALLED[FOUR]], [gain[FOUR]]), None),
        "correlation": (of_seeds(called(VARIANTS), correlated, possible=(-1.0, 1.0)), None),
    }


def selection_tests(table: xr.Dataset) -> Evidence:
    """Weights of useful over random paths and their correlation, beside what other labels teach."""
    learned = narrowest(table)["order_parameter"]
    taught = table["teacher_order_parameter"]
    names = ["good over random", "denoising over random"]
    variances = [entry(learned, path, path).values for path in PATHS[FOUR]]
    return {
        "amplified": (
            of_seeds(names, log_ratios(learned)),
            of_seeds(names, log_ratios(taught.sel(teacher="random paths"))),
        ),
        "interplay": (
            of_seeds(
                ["good and denoising"],
                [correlation(learned, "good", "denoising").values],
                possible=(-1.0, 1.0),
            ),
            of_seeds(
                ["good and denoising"],
                [correlation(taught.sel(teacher="sum of paths"), "good", "denoising").values],
                possible=(-1.0, 1.0),
            ),
        ),
        "weights": (of_seeds(list(PATHS[FOUR]), variances), None),
    }


def entry(order_parameter: xr.DataArray, path: str, other: str) -> xr.DataArray:
    """One entry of the order parameter, by seed."""
    return order_parameter.sel(path=path, path2=other, drop=True)


def log_ratios(order_parameter: xr.DataArray) -> list[np.ndarray]:
    """ln of the weight of the good and of the denoising path over that of a random one, by seed."""
    return [
        np.log(entry(order_parameter, useful, useful).values / entry(order_parameter, random, random).values)
        for useful, random in (("good", "random-1"), ("denoising", "random-2"))
    ]


def correlation(order_parameter: xr.DataArray, path: str, other: str) -> xr.DataArray:
    """Cross weight of two paths over the root of the product of their own, by seed."""
    own = entry(order_parameter, path, path) * entry(order_parameter, other, other)
    return entry(order_parameter, path, other) / own**0.5


def alignment_tests(tables: Tables) -> Evidence:
    """How much nearer to the labels the finite kernel is, beside labels in another order."""

    def differences(name: str, labelled: str) -> list[np.ndarray]:
        every = [tables[variant][name].sel(labelled=labelled) for variant in VARIANTS]
        largest = [one.max("rank", skipna=False) if "rank" in one.dims else one for one in every]
        return [(one.sel(kernel="finite") - one.sel(kernel="infinite")).values for one in largest]

    return {
        name: (
            of_seeds(called(VARIANTS), differences(name, "true")),
            of_seeds(called(VARIANTS), differences(name, "permuted")),
        )
        for name in ("cosine", "overlap")
    }
