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
from widthscope.studies.jacobian_dynamics.digits.scores import MODELS, NORMALISED
from widthscope.studies.jacobian_dynamics.digits.tables import Runs, paired, runs_of
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
    """Differences of trained exponents; each control puts another model in one's place."""
    return {
        "none-above": (
            _differences(runs.exponent, [("none", arm) for arm in NORMALISED]),
            _differences(runs.exponent, [("rms", arm) for arm in NORMALISED if arm != "rms"]),
        ),
        "order": (
            _differences(runs.exponent, [("unit", "sym"), ("rms", "unit")]),
            _differences(runs.exponent, [("unit", "none")]),
        ),
        "exponents": (of_seeds(MODELS, [runs.exponent(arm).values for arm in MODELS]), None),
        "at-the-start": (of_seeds(MODELS, [runs.exponent(arm, 0).values for arm in MODELS]), None),
        "long-run": (
            of_seeds(_bounded(), [runs.tables[arm]["long_run"].values for arm in _bounded()]),
            None,
        ),
    }


def symmetric_negative(runs: Runs) -> Evidence:
    """Accuracy that symmetric weights cost, and the sign of their exponent."""

    def loss(arm: str) -> xr.Dataset:
        return _differences(runs.trained_accuracy, [(arm, "sym")])

    sign = [
        runs.exponent("sym").values,
        runs.exponent("sym", 0).values,
        runs.tables["sym"]["long_run"].values,
    ]
    return {
        "accuracy": (loss("rms"), loss("none")),
        "same-norm": (loss("unit"), None),
        "sign": (of_seeds(["trained", "at the start", "trained, long run"], sign), None),
    }


def exponent_against_accuracy(runs: Runs) -> Evidence:
    """Rank correlations of each seed's rescaled networks; the control shuffles the accuracies among them."""
    found, shuffled = seed_correlations(runs), shuffled_correlations(runs)
    ends = (-1.0, 1.0)
    return {
        "partial": (
            of_seeds(["|exponent|, accuracy given |ln factor|"], [found["partial"]], possible=ends),
            of_seeds(["shuffled"], [shuffled["partial"]], possible=ends),
        ),
        "within-models": (
            of_seeds(["|exponent|, accuracy given |ln factor|"], [found["within"]], possible=ends),
            None,
        ),
        "raw": (of_seeds(["|exponent|, accuracy"], [found["raw"]], possible=ends), None),
        "factor": (of_seeds(["|ln factor|, accuracy"], [found["factor"]], possible=ends), None),
        "unchanged": (of_seeds(["|exponent|, accuracy"], [found["unchanged"]], possible=ends), None),
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
    """What the penalty changes; the control is the penalty on values and outputs that cannot shrink."""
    free, (first, *orthogonal) = runs.penalised("energy-multi"), runs.penalised("orthogonal")

    def changed(of: Quantity) -> xr.Dataset:
        return _changes(runs, of, free, "rms")

    def held(of: Quantity) -> xr.Dataset:
        return _changes(runs, of, orthogonal, first)

    return {
        "exponent": (changed(runs.exponent), held(runs.exponent)),
        "accuracy": (changed(runs.trained_accuracy), None),
        "long-iterations": (changed(lambda run: runs.accuracy(run, runs.longest)), None),
        "orthogonal-exponent": (held(runs.exponent), None),
        "orthogonal-accuracy": (held(runs.trained_accuracy), None),
    }


def _changes(runs: Runs, of: Quantity, penalised: Sequence[str], without: str) -> xr.Dataset:
    """One component for each strength: values with the penalty less those without."""
    names = [f"strength {float(runs.tables[run].attrs['strength']):g}" for run in penalised]
    return of_seeds(names, [paired(of(run), of(without)) for run in penalised])


def _differences(of: Quantity, pairs: Sequence[tuple[str, str]]) -> xr.Dataset:
    """One component for each pair of runs: the first's values less the second's."""
    names = [f"{first} - {second}" for first, second in pairs]
    return of_seeds(names, [paired(of(first), of(second)) for first, second in pairs])


def _bounded() -> list[str]:
    """Models whose states stay bounded, which have a long run."""
    return [arm for arm in MODELS if arm != "none"]
