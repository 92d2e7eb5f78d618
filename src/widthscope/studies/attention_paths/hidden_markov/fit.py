"""Evidence on hidden Markov chains: what finite width gains, and from which paths."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from scipy import stats

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.attention_paths.hidden_markov.variants import CALLED, FOUR, PATHS, TWO, VARIANTS

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
Tables = Mapping[str, xr.Dataset]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    tables = {name: _table(shards, name) for name in (*VARIANTS, "depth")}
    claims = {
        "fw-beats-gp-hmm": gain_tests(tables),
        "accuracy-vs-width": width_tests(tables),
        "path-interplay": interplay_tests(tables),
        "path-selection": selection_tests(tables[FOUR]),
        "kernel-alignment": alignment_tests(tables),
        "control-single-path": single_path_tests(tables[FOUR]),
        "control-shuffled-labels": shuffled_tests(tables),
    }
    return {**claim_tree(claims), **curves(tables)}


def _table(shards: Mapping[str, xr.DataTree], name: str) -> xr.Dataset:
    """The table of one experiment, whichever shard holds it."""
    found = [
        shards[shard][name]
        for shard in sorted(shards)
        if shard.startswith("hidden-markov") and name in shards[shard].children
    ]
    return found[0].to_dataset().load()


def narrowest(table: xr.Dataset) -> xr.Dataset:
    """The table at its smallest width."""
    return table.sel(width=table["width"].min())


def tuned(by_temperature: xr.DataArray) -> xr.DataArray:
    """Accuracy on test sequences at the temperature that is best on validation sequences, the coldest such.

    Args:
        by_temperature: accuracies with dimensions `temperature` and `part` (validation, test). One that was
            not measured leaves the choice open, and the result NaN.
    """
    chosen_on, judged_on = by_temperature.sel(part="validation"), by_temperature.sel(part="test")
    found = judged_on.isel(temperature=chosen_on.fillna(-1.0).argmax("temperature"))
    every = by_temperature.notnull().all(["temperature", "part"])
    return found.drop_vars(("temperature", "part")).where(every)


def chosen_temperature(by_temperature: xr.DataArray) -> xr.DataArray:
    """The temperature that is best on validation sequences, the coldest such."""
    validation = by_temperature.sel(part="validation")
    return validation["temperature"][validation.fillna(-1.0).argmax("temperature")].drop_vars("temperature")


def gains(table: xr.Dataset, subset: str) -> dict[str, np.ndarray]:
    """Accuracy of the narrowest network less that of the Gaussian process of the same paths, by seed."""
    finite = narrowest(table)["accuracy"].sel(subset=subset)
    infinite = table["infinite_by_temperature"].sel(subset=subset)
    return {
        "same temperature": (finite - table["infinite_accuracy"].sel(subset=subset)).values,
        "tuned temperature": (finite - tuned(infinite)).values,
        "tuned on the test": (finite - infinite.sel(part="test").max("temperature", skipna=False)).values,
    }


def gain_tests(tables: Tables) -> Evidence:
    """Finite width against the Gaussian process, beside the good path alone, where it loses."""
    by_variant = {variant: gains(tables[variant], "all") for variant in VARIANTS}
    control = gains(tables[FOUR], "good")
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
            of_seeds([f"good path, {name}" for name in judged], [control[name] for name in judged]),
        ),
        "tuned-on-test": (
            of_seeds(_called(VARIANTS), [by_variant[variant]["tuned on the test"] for variant in VARIANTS]),
            None,
        ),
        "both-tuned": (of_seeds(_called(VARIANTS), both_tuned), None),
        "rescaling": (
            of_seeds(
                _called(VARIANTS),
                [_restricted(tables[variant], "scalar") - _infinite(tables[variant]) for variant in VARIANTS],
            ),
            None,
        ),
    }


def width_tests(tables: Tables) -> Evidence:
    """Rank correlations of accuracy and width, and what is left at the widest, beside opposite cases."""
    rising = rank_correlations(tables[FOUR]["accuracy"].sel(subset="good"))
    falling = [rank_correlations(tables[variant]["accuracy"].sel(subset="all")) for variant in VARIANTS]
    widest, least = (
        [
            tables[variant]["accuracy"].sel(subset="all").isel(width=place).values
            - _infinite(tables[variant])
            for variant in VARIANTS
        ]
        for place in (-1, 0)
    )
    return {
        "rank-correlation": (
            rank_evidence(_called(VARIANTS), falling, tables[FOUR].sizes["width"]),
            rank_evidence(["good path"], [rising], tables[FOUR].sizes["width"]),
        ),
        "widest": (
            of_seeds(_called(VARIANTS), widest, prediction=0.0),
            of_seeds(_called(VARIANTS), least, prediction=0.0),
        ),
        "depth": (_depth_gains(tables["depth"]), None),
    }


def rank_correlations(accuracy: xr.DataArray) -> np.ndarray:
    """Spearman's correlation of accuracy and width by seed; NaN where an accuracy is missing or none varies.

    Args:
        accuracy: over (seed, width).
    """
    values = accuracy.transpose("seed", "width").values
    found = np.full(len(values), np.nan)
    for place, row in enumerate(values):
        if np.isfinite(row).all():
            level = np.ptp(row) == 0
            found[place] = 0.0 if level else stats.spearmanr(accuracy["width"].values, row).statistic
    return found


def rank_evidence(components: list[str], correlations: list[np.ndarray], widths: int) -> xr.Dataset:
    """Evidence of mean rank correlations, whose errors are not 0 where all seeds agree.

    Two neighbouring widths swapped in one of n seeds would move the mean by 12 / (k (k^2 - 1) n), k being the
    number of widths: less than that no number of seeds can tell apart.
    """
    table = of_seeds(components, list(correlations), possible=(-1.0, 1.0))
    least = 12 / (widths * (widths**2 - 1) * table["n"])
    return table.assign(standard_error=table["standard_error"].clip(min=least))


def interplay_tests(tables: Tables) -> Evidence:
    """What cross-path weights are worth, beside weights of the opposite sign."""
    diagonal = {variant: _restricted(tables[variant], "diagonal") for variant in VARIANTS}
    gain = {variant: _finite(tables[variant]) - diagonal[variant] for variant in VARIANTS}
    opposite = _restricted(tables[TWO], "negated") - diagonal[TWO]
    correlated = [
        correlation(narrowest(tables[variant])["order_parameter"], "good", "denoising").values
        for variant in VARIANTS
    ]
    return {
        "cross-paths": (of_seeds([CALLED[TWO]], [gain[TWO]]), of_seeds([CALLED[TWO]], [opposite])),
        "four-paths": (of_seeds([CALLED[FOUR]], [gain[FOUR]]), None),
        "correlation": (of_seeds(_called(VARIANTS), correlated, possible=(-1.0, 1.0)), None),
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
            of_seeds(_called(VARIANTS), differences(name, "true")),
            of_seeds(_called(VARIANTS), differences(name, "permuted")),
        )
        for name in ("cosine", "overlap")
    }


def single_path_tests(table: xr.Dataset) -> Evidence:
    """That nothing is gained where there is nothing to choose from, beside all paths."""
    alone = ("good", "good+denoising")
    return {
        "gain": (
            of_seeds(
                [f"{subset.replace('+', ' and ')}" for subset in alone],
                [gains(table, subset)["same temperature"] for subset in alone],
            ),
            of_seeds(["all"], [gains(table, "all")["same temperature"]]),
        )
    }


def shuffled_tests(tables: Tables) -> Evidence:
    """What the right labels are worth to the order parameter, beside one that learned nothing."""
    shuffled = {variant: _restricted(tables[variant], "shuffled") for variant in VARIANTS}
    loss = {variant: _finite(tables[variant]) - shuffled[variant] for variant in VARIANTS}
    nothing = {variant: shuffled[variant] - _infinite(tables[variant]) for variant in VARIANTS}
    return {
        "loss": (
            of_seeds(_called(VARIANTS), [loss[variant] for variant in VARIANTS]),
            of_seeds([CALLED[TWO]], [-nothing[TWO]]),
        ),
        "geometry": (of_seeds(_called(VARIANTS), [nothing[variant] for variant in VARIANTS]), None),
    }


def curves(tables: Tables) -> dict[str, xr.Dataset]:
    """Means over seeds with their bands, and order parameters and overlaps, for the figures."""
    found = {"/curves/hidden-markov-depth": _depth_curve(tables["depth"])}
    for variant in VARIANTS:
        table = tables[variant]
        called = variant.replace("_", "-")
        best = tuned(table["infinite_by_temperature"])
        accuracy = xr.merge(
            [
                band(table["accuracy"], "finite"),
                band(table["infinite_accuracy"], "infinite"),
                band(best, "tuned"),
                band(table["restricted_accuracy"], "restricted"),
            ]
        )
        scaled = table["order_parameter"].mean("seed", skipna=False)
        kernel = xr.merge([band(table["overlap"], "overlap"), band(table["cosine"], "cosine")])
        found[f"/curves/hidden-markov-accuracy-{called}"] = accuracy.assign_attrs(seeds=table.sizes["seed"])
        found[f"/curves/hidden-markov-weights-{called}"] = xr.Dataset({"order_parameter": scaled})
        found[f"/curves/hidden-markov-kernel-{called}"] = kernel
        found[f"/curves/hidden-markov-minimiser-{called}"] = xr.Dataset(
            {
                "gradient_norm": table["gradient_norm"].max("seed"),
                "evaluations": table["evaluations"].mean("seed"),
                "temperature": (
                    "seed",
                    chosen_temperature(table["infinite_by_temperature"].sel(subset="all")).values,
                ),
            }
        )
    return found


def _depth_gains(table: xr.Dataset) -> xr.Dataset:
    gain = table["finite"].sel(width=table["width"].min()) - table["infinite"]
    names = [f"L={layers}" for layers in table["layers"].values]
    return of_seeds(names, list(gain.transpose("layers", "seed").values))


def _depth_curve(table: xr.Dataset) -> xr.Dataset:
    return xr.merge([band(table["finite"], "finite"), band(table["infinite"], "infinite")])


def _called(variants: tuple[str, ...]) -> list[str]:
    return [CALLED[variant] for variant in variants]


def _finite(table: xr.Dataset) -> np.ndarray:
    """Accuracy of the narrowest network with all paths, by seed."""
    return np.asarray(narrowest(table)["accuracy"].sel(subset="all").values)


def _infinite(table: xr.Dataset) -> np.ndarray:
    """Accuracy of the Gaussian process with all paths, by seed."""
    return np.asarray(table["infinite_accuracy"].sel(subset="all").values)


def _restricted(table: xr.Dataset, restriction: str) -> np.ndarray:
    """Accuracy of the narrowest network with another order parameter in the place of its own, by seed."""
    return np.asarray(table["restricted_accuracy"].sel(restriction=restriction).values)
