"""Evidence of the family `comparison`: accuracies of policies, paired over seeds, from the other families."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.width_slopes import line_slopes
from widthscope.studies.adalase.dense.fit import FIRST, LAST, by_size, gap, size_of_others
from widthscope.studies.adalase.dense.policies import POSITIONS
from widthscope.studies.adalase.harmful.fit import trained
from widthscope.studies.adalase.harmful.policies import CONTROLLED
from widthscope.studies.adalase.stored import Policies, policies

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
CHANGE = (-1.0, 1.0)
HARMLESS = tuple(place for place in range(POSITIONS) if place != CONTROLLED)
FLIPS = {"vertical": "vertical_flip", "horizontal": "horizontal_flip"}


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims on accuracies and the curves of their figure, by path."""
    dense, harmful = by_size(shards), trained(shards)
    flips = {f"{name} flip": (policies(shards, "flips")[name], flip) for name, flip in FLIPS.items()}
    claims = {
        "acc-latent-da-helps": hidden_helps(dense),
        "acc-layer-depends-on-da": depends_on_operation(dense, harmful),
        "acc-small-data": shrinks(dense),
        "acc-ada-vs-worst": against_worst(dense, harmful, flips),
        "acc-ada-vs-uniform": against_uniform(dense, harmful, flips),
        "acc-ada-vs-best": against_best(dense, flips),
    }
    return claim_tree(claims) | curves(dense, flips)


def hidden_helps(dense: Mapping[int, Policies]) -> Evidence:
    """Mixup before the classifier against mixup of the input."""
    others = size_of_others(dense)
    return {
        "gap": (
            of_seeds(
                [f"n={n}" for n in dense],
                [gap(of, "mixup", LAST, FIRST) for of in dense.values()],
                possible=CHANGE,
            ),
            of_seeds(f"noise, n={others}", [gap(dense[others], "noise", LAST, FIRST)], possible=CHANGE),
        )
    }


def depends_on_operation(dense: Mapping[int, Policies], harmful: Policies) -> Evidence:
    """Mixup is better late, noise early; beside each, labels destroyed at the better position."""
    of = dense[size_of_others(dense)]
    late = _less(harmful, f"harm{LAST}-fixed", f"mixup-p{FIRST}")
    early = _less(harmful, f"harm{FIRST}-fixed", f"mixup-p{LAST}")
    return {
        "mixup": (
            of_seeds("mixup", [gap(of, "mixup", LAST, FIRST)], possible=CHANGE),
            of_seeds("labels destroyed late", [late], possible=CHANGE),
        ),
        "noise": (
            of_seeds("noise", [gap(of, "noise", FIRST, LAST)], possible=CHANGE),
            of_seeds("labels destroyed early", [early], possible=CHANGE),
        ),
        "cutout": (
            of_seeds(
                [f"position {k} less input" for k in range(1, POSITIONS)],
                [gap(of, "cutout", k, FIRST) for k in range(1, POSITIONS)],
                possible=CHANGE,
            ),
            None,
        ),
    }


def shrinks(dense: Mapping[int, Policies]) -> Evidence:
    """Slope of mixup's gap on ln n, seed by seed."""
    logs = np.log(np.array(list(dense), dtype=float))
    gaps = np.stack([gap(of, "mixup", LAST, FIRST) for of in dense.values()], axis=1)
    plain = np.stack([of.accuracy("mixup-p0") for of in dense.values()], axis=1)
    return {
        "slope": (
            of_seeds("last position less input", [line_slopes(logs, gaps)]),
            of_seeds("input alone", [line_slopes(logs, plain)]),
        ),
        "gaps": (of_seeds([f"n={n}" for n in dense], list(gaps.T), possible=CHANGE), None),
    }


Flips = Mapping[str, tuple[Policies, str]]


def against_worst(dense: Mapping[int, Policies], harmful: Policies, flips: Flips) -> Evidence:
    """Adaptive choice less the input."""
    gains = {n: of.accuracy("mixup-adaptive") - of.accuracy("mixup-p0") for n, of in dense.items()}
    worst = np.min([harmful.accuracy(f"mixup-p{k}") for k in HARMLESS], axis=0)
    wrong = of_seeds("sign turned, harm", [harmful.accuracy("harm-opposite") - worst], possible=CHANGE)
    upright, flip = flips["vertical flip"]
    flipped = {name: _less(of, f"{op}-adaptive", f"{op}-p0") for name, (of, op) in flips.items()}
    return {
        "mixup": (of_seeds("mean over n", [np.mean(list(gains.values()), axis=0)], possible=CHANGE), wrong),
        "vertical-flip": (
            of_seeds("vertical flip", [_less(upright, f"{flip}-adaptive", f"{flip}-p0")], possible=CHANGE),
            wrong,
        ),
        "all": (
            of_seeds(
                [*(f"mixup, n={n}" for n in gains), *flipped],
                [*gains.values(), *flipped.values()],
                possible=CHANGE,
            ),
            None,
        ),
    }


def against_uniform(dense: Mapping[int, Policies], harmful: Policies, flips: Flips) -> Evidence:
    """Adaptive choice less uniform choice."""
    mixup = {f"mixup, n={n}": _less(of, "mixup-adaptive", "mixup-uniform") for n, of in dense.items()}
    harm = {f"harm at {k}": _less(harmful, f"harm{k}-adaptive", f"harm{k}-uniform") for k in range(POSITIONS)}
    flipped = {name: _less(of, f"{op}-adaptive", f"{op}-uniform") for name, (of, op) in flips.items()}
    of = dense[size_of_others(dense)]
    flat = {name: _less(of, f"{name}-adaptive", f"{name}-uniform") for name in ("cutout", "noise")}
    turned = _less(harmful, "harm-opposite", f"harm{CONTROLLED}-uniform")
    shuffled = _less(harmful, "harm-shuffled", f"harm{CONTROLLED}-uniform")
    everything = {**mixup, **harm, **flipped, **flat}
    return {
        "superior": (
            of_seeds("harm, mean over its places", [np.mean(list(harm.values()), axis=0)], possible=CHANGE),
            of_seeds("sign turned", [turned], possible=CHANGE),
        ),
        "not-inferior": (
            of_seeds("mixup, mean over n", [np.mean(list(mixup.values()), axis=0)], possible=CHANGE),
            of_seeds("labels of the validation shuffled, harm", [shuffled], possible=CHANGE),
        ),
        "all": (of_seeds(list(everything), list(everything.values()), possible=CHANGE), None),
    }


def against_best(dense: Mapping[int, Policies], flips: Flips) -> Evidence:
    """Adaptive choice less the fixed position that is best on average over the seeds."""
    gains = {f"mixup, n={n}": _less_best(of, "mixup") for n, of in dense.items()}
    of = dense[size_of_others(dense)]
    gains |= {name: _less_best(of, name) for name in ("cutout", "noise")}
    gains |= {name: _less_best(own, flip) for name, (own, flip) in flips.items()}
    return {"gain": (of_seeds(list(gains), list(gains.values()), possible=CHANGE), None)}


def _less(of: Policies, arm: str, other: str) -> np.ndarray:
    """Accuracy of one arm less that of another, (seed,)."""
    return np.asarray(of.accuracy(arm) - of.accuracy(other))


def _fixed(of: Policies, operation: str) -> list[str]:
    """Arms with the operation fixed at a position, in order."""
    return [str(arm) for arm in of.outcomes["arm"].values if str(arm).startswith(f"{operation}-p")]


def _less_best(of: Policies, operation: str) -> np.ndarray:
    best = max(_fixed(of, operation), key=lambda arm: float(of.accuracy(arm).mean()))
    return _less(of, f"{operation}-adaptive", best)


def curves(dense: Mapping[int, Policies], flips: Flips) -> dict[str, xr.Dataset]:
    """Accuracies of all policies less uniform choice, (policy,), with bands, by setting."""
    others = size_of_others(dense)
    shown = {f"mixup-n{n}": (of, "mixup") for n, of in dense.items()}
    shown |= {f"{name}-n{others}": (dense[others], name) for name in ("cutout", "noise")}
    shown |= {name.replace(" ", "-"): each for name, each in flips.items()}
    found = {}
    for name, (of, operation) in shown.items():
        arms = [*_fixed(of, operation), f"{operation}-adaptive"]
        gains = np.stack([_less(of, arm, f"{operation}-uniform") for arm in arms])
        policy = [arm.removeprefix(f"{operation}-") for arm in arms]
        table = band(xr.DataArray(gains, dims=("policy", "seed"), coords={"policy": policy}), "gain")
        found[f"/curves/comparison/{name}"] = table.assign_attrs(seeds=gains.shape[1])
    return found
