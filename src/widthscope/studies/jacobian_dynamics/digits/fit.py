"""Evidence of the family `digits`: differences between runs that share seeds, images and first weights."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import of_seeds
from widthscope.studies.jacobian_dynamics.digits.curves import (
    accuracy_curves,
    exponent_points,
    penalty_points,
    rescaled_points,
)
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS, NORMALISED, RESCALED
from widthscope.studies.jacobian_dynamics.digits.tables import Runs, paired, ratio, runs_of
from widthscope.studies.jacobian_dynamics.digits.trade import seed_correlations, shuffled_correlations

Quantity = Callable[[str], xr.DataArray]
Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    runs = runs_of(shards)
    claims = {
        "train-normalised-wins": normalised_wins(runs),
        "train-mle-band": exponent_band(runs),
        "train-symmetric-negative": symmetric_negative(runs),
        "train-mle-vs-accuracy": exponent_against_accuracy(runs),
        "reg-spectral": spectral_penalty(runs),
        "reg-energy-lowers-le": energy_penalty(runs),
    }
    curves = {
        "digits-accuracy": accuracy_curves(runs),
        "digits-exponents": exponent_points(runs),
        "digits-rescaled": rescaled_points(runs),
        "digits-penalties": penalty_points(runs),
    }
    return claim_tree(claims) | {f"/curves/{name}": curve for name, curve in curves.items()}


def normalised_wins(runs: Runs) -> Evidence:
    """Accuracy of each normalised model less that without norm; the control is the same before training."""

    pairs = [(arm, "none") for arm in NORMALISED]
    return {
        "accuracy": (_differences(runs.trained_accuracy, pairs), _differences(runs.first_accuracy, pairs)),
        "validation": (of_seeds(MODELS, [runs.tables[arm]["validation"].values for arm in MODELS]), None),
    }


def exponent_band(runs: Runs) -> Evidence:
    """Differences of exponents at the start and trained; controls put another model in one's place."""
    changes = [paired(runs.exponent(arm), runs.exponent(arm, 0)) for arm in MODELS]
    return {
        "none-above": (
            _both_times(runs, [("none", arm) for arm in NORMALISED]),
            _both_times(runs, [("rms", arm) for arm in NORMALISED if arm != "rms"]),
        ),
        "order": (
            _both_times(runs, [("unit", "sym"), ("rms", "unit")]),
            _both_times(runs, [("unit", "none")]),
        ),
        "change": (of_seeds(MODELS, changes), None),
        "exponents": (of_seeds(MODELS, [runs.exponent(arm).values for arm in MODELS]), None),
        "at-the-start": (of_seeds(MODELS, [runs.exponent(arm, 0).values for arm in MODELS]), None),
        "long-run": (
            of_seeds(_bounded(), [runs.tables[arm]["long_run"].values for arm in _bounded()]),
            None,
        ),
    }


def symmetric_negative(runs: Runs) -> Evidence:
    """Accuracy that symmetric weights cost with the same norm, and the sign of their exponent."""

    def loss(arm: str) -> xr.Dataset:
        return _differences(runs.trained_accuracy, [(arm, "sym")])

    sign = [
        runs.exponent("sym").values,
        runs.exponent("sym", 0).values,
        runs.tables["sym"]["long_run"].values,
    ]
    return {
        "accuracy": (loss("unit"), loss("none")),
        "other-norm": (loss("rms"), None),
        "sign": (of_seeds(["trained", "at the start", "trained, long run"], sign), None),
    }


def exponent_against_accuracy(runs: Runs) -> Evidence:
    """Rank correlations of each seed's rescaled networks; the control shuffles the accuracies among them."""
    found, ends = seed_correlations(runs), (-1.0, 1.0)

    def shown(component: str, name: str) -> xr.Dataset:
        return of_seeds([component], [found[name]], possible=ends)

    given = "|exponent|, accuracy given |ln factor|"
    return {
        "partial": (
            shown(given, "partial"),
            of_seeds(["shuffled"], [shuffled_correlations(runs)], possible=ends),
        ),
        "all-models": (shown(given, "all models"), None),
        "each-model": (of_seeds(RESCALED, [found[arm] for arm in RESCALED], possible=ends), None),
        "raw": (shown("|exponent|, accuracy", "raw"), None),
        "factor": (shown("|ln factor|, accuracy", "factor"), None),
        "unchanged": (shown("|exponent|, accuracy", "unchanged"), None),
    }


def spectral_penalty(runs: Runs) -> Evidence:
    """Accuracy with the penalty at its chosen strength less that without, after T and most iterations."""
    names = [f"{count} iterations" for count in (runs.trained, runs.longest)]
    gains = [
        paired(runs.accuracy("spectral", count), runs.accuracy("rms", count))
        for count in (runs.trained, runs.longest)
    ]
    change = paired(runs.exponent("spectral"), runs.exponent("rms"))
    return {"accuracy": (of_seeds(names, gains), None), "exponent": (of_seeds(["change"], [change]), None)}


def energy_penalty(runs: Runs) -> Evidence:
    """What the penalty changes where values and outputs are orthogonal, and where they are free to shrink.

    The control has in the penalty's place training itself, without penalty.
    """
    free, (first, *orthogonal) = runs.penalised("energy-multi"), runs.penalised("orthogonal")

    def held(of: Quantity) -> xr.Dataset:
        return _changes(runs, of, orthogonal, first)

    def changed(of: Quantity) -> xr.Dataset:
        return _changes(runs, of, free, "rms")

    def ratios(measure: str) -> xr.Dataset:
        pairs = [(run, "rms") for run in free] + [(run, first) for run in orthogonal]
        names = [f"{kind}, {_strength(runs, run)}" for kind, run in _kinds(free, orthogonal)]
        values = [ratio(runs.weights(run, measure), runs.weights(without, measure)) for run, without in pairs]
        return of_seeds(names, values)

    trained = of_seeds(["trained - at the start"], [paired(runs.exponent(first), runs.exponent(first, 0))])
    return {
        "exponent": (held(runs.exponent), trained),
        "accuracy": (held(runs.trained_accuracy), None),
        "long-iterations": (held(lambda run: runs.accuracy(run, runs.longest)), None),
        "free-exponent": (changed(runs.exponent), None),
        "free-accuracy": (changed(runs.trained_accuracy), None),
        "condition": (ratios("condition"), None),
        "values-outputs": (ratios("values_outputs"), None),
    }


def _kinds(free: Sequence[str], orthogonal: Sequence[str]) -> list[tuple[str, str]]:
    return [("free", run) for run in free] + [("orthogonal", run) for run in orthogonal]


def _strength(runs: Runs, run: str) -> str:
    return f"strength {float(runs.tables[run].attrs['strength']):g}"


def _changes(runs: Runs, of: Quantity, penalised: Sequence[str], without: str) -> xr.Dataset:
    """One component for each strength: values with the penalty less those without."""
    names = [_strength(runs, run) for run in penalised]
    return of_seeds(names, [paired(of(run), of(without)) for run in penalised])


def _differences(of: Quantity, pairs: Sequence[tuple[str, str]]) -> xr.Dataset:
    """One component for each pair of runs: the first's values less the second's."""
    names = [f"{first} - {second}" for first, second in pairs]
    return of_seeds(names, [paired(of(first), of(second)) for first, second in pairs])


def _both_times(runs: Runs, pairs: Sequence[tuple[str, str]]) -> xr.Dataset:
    """`_differences` of exponents at the start and then of trained networks."""
    times = (("at the start", 0), ("trained", -1))
    names = [f"{first} - {second}, {time}" for time, _ in times for first, second in pairs]
    values = [
        paired(runs.exponent(first, when), runs.exponent(second, when))
        for _, when in times
        for first, second in pairs
    ]
    return of_seeds(names, values)


def _bounded() -> list[str]:
    """Models whose states stay bounded, which have a long run."""
    return [arm for arm in MODELS if arm != "none"]
