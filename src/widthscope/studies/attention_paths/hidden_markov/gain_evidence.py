"""Evidence on what finite width gains over the Gaussian process, and over rivals of its order parameter."""

import numpy as np
import xarray as xr

from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.attention_paths.hidden_markov.accuracies import (
    Evidence,
    Tables,
    called,
    finite,
    infinite,
    narrowest,
    rescaled,
    restricted,
    tuned,
)
from widthscope.studies.attention_paths.hidden_markov.variants import CALLED, TWO, VARIANTS


def gains(table: xr.Dataset, subset: str) -> dict[str, np.ndarray]:
    """Accuracy of the narrowest network less that of the Gaussian process of the same paths, by seed."""
    own = narrowest(table)["accuracy"].sel(subset=subset)
    limit = table["infinite_by_temperature"].sel(subset=subset)
    return {
        "same temperature": (own - table["infinite_accuracy"].sel(subset=subset)).values,
        "tuned temperature": (own - tuned(limit)).values,
        "tuned on the test": (own - limit.sel(part="test").max("temperature", skipna=False)).values,
    }


def gain_tests(tables: Tables) -> Evidence:
    """Finite width against the Gaussian process, beside order parameters that only rescale the kernel."""
    by_variant = {variant: gains(tables[variant], "all") for variant in VARIANTS}
    rescaling = [rescaled(tables[variant]) - infinite(tables[variant]) for variant in VARIANTS]
    judged = ("same temperature", "tuned temperature")
    both_tuned = [
        (
            tuned(table["finite_by_temperature"]) - tuned(table["infinite_by_temperature"].sel(subset="all"))
        ).values
        for table in (tables[variant] for variant in VARIANTS)
    ]
    return {
        "gain": (
            of_seeds(
                [f"{CALLED[variant]}, {name}" for variant in VARIANTS for name in judged],
                [by_variant[variant][name] for variant in VARIANTS for name in judged],
            ),
            of_seeds(called(VARIANTS), rescaling),
        ),
        "tuned-on-test": (
            of_seeds(called(VARIANTS), [by_variant[variant]["tuned on the test"] for variant in VARIANTS]),
            None,
        ),
        "both-tuned": (of_seeds(called(VARIANTS), both_tuned), None),
    }


def single_path_tests(table: xr.Dataset) -> Evidence:
    """That nothing is gained where there is nothing to choose from, beside all paths."""
    alone = ("good+denoising", "good")
    return {
        "gain": (
            of_seeds(
                [subset.replace("+", " and ") for subset in alone],
                [gains(table, subset)["same temperature"] for subset in alone],
            ),
            of_seeds(["all"], [gains(table, "all")["same temperature"]]),
        ),
        "weight": (of_seeds(["good"], [narrowest(table)["single_weight"].values]), None),
    }


def shuffled_tests(tables: Tables) -> Evidence:
    """What the right labels are worth to the order parameter, beside one that learned nothing."""
    shuffled = {variant: restricted(tables[variant], "shuffled") for variant in VARIANTS}
    loss = {variant: finite(tables[variant]) - shuffled[variant] for variant in VARIANTS}
    nothing = {variant: shuffled[variant] - infinite(tables[variant]) for variant in VARIANTS}
    return {
        "loss": (
            of_seeds(called(VARIANTS), [loss[variant] for variant in VARIANTS]),
            of_seeds([CALLED[TWO]], [-nothing[TWO]]),
        ),
        "geometry": (of_seeds(called(VARIANTS), [nothing[variant] for variant in VARIANTS]), None),
    }
