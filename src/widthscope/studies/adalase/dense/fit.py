"""Evidence of the family `dense`: where ratios end, beside where fixed positions do best."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import claim_tree, of_counts
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.studies.adalase.dense.policies import OTHERS, POSITIONS
from widthscope.studies.adalase.harmful.fit import trained
from widthscope.studies.adalase.map_fit import correlation_table
from widthscope.studies.adalase.stored import Policies, policies

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]
FIRST, LAST = 0, POSITIONS - 1
BETTER = {"cutout": (LAST, FIRST), "noise": (FIRST, LAST)}
"""The better and the worse of these positions, as trials with another run seed had it."""

NULL = "identity-adaptive"
CHANGE = (-1.0, 1.0)
"""What a difference of shares can be."""

TWICE = (-2.0, 2.0)
"""What a difference of such differences can be."""

SHARE = (0.0, 1.0)


def fit(shards: Mapping[str, xr.DataTree], settings: dict[str, Any]) -> dict[str, xr.Dataset]:
    """Evidence for the claims of the family and the curves of its figures, by path."""
    found = by_size(shards)
    others = size_of_others(found)
    destroyed = destroyed_last(trained(shards))
    claims = {
        "ratio-mixup-mlp": follows_mixup(found, destroyed),
        "ratio-cutout-noise-mlp": follows_others(found[others], turned(found), destroyed),
    }
    return claim_tree(claims) | curves(found, others)


def by_size(shards: Mapping[str, xr.DataTree]) -> dict[int, Policies]:
    """Policies by the number of images trained on, rising."""
    found = {int(name.removeprefix("n")): each for name, each in policies(shards, "dense").items()}
    return dict(sorted(found.items()))


def size_of_others(found: Mapping[int, Policies]) -> int:
    """The number of images at which the other operations were trained too."""
    return next(n for n, each in found.items() if f"{OTHERS[0]}-p0" in each.outcomes["arm"].values)


def preference(of: Policies, arm: str, better: int, worse: int) -> np.ndarray:
    """q_better - q_worse at the end, less the same of the identity, which moves ratios by drift alone."""
    moved, null = of.ended(arm), of.ended(NULL)
    return np.asarray((moved[:, better] - moved[:, worse]) - (null[:, better] - null[:, worse]))


def gap(of: Policies, operation: str, better: int, worse: int) -> np.ndarray:
    """Test accuracy with the operation fixed at one position less that at another, (seed,)."""
    return np.asarray(of.accuracy(f"{operation}-p{better}") - of.accuracy(f"{operation}-p{worse}"))


def destroyed_last(harmful: Policies) -> xr.Dataset:
    """Control of what positions are worth: the last one destroys labels, and the input does not."""
    worth = harmful.accuracy(f"harm{LAST}-fixed") - harmful.accuracy(f"mixup-p{FIRST}")
    return of_seeds("labels destroyed at the last position", [worth], possible=CHANGE)


def turned(found: Mapping[int, Policies]) -> xr.Dataset:
    """Control of where ratios go: mixup with the sign of the update turned."""
    opposite = [preference(of, "mixup-opposite", LAST, FIRST) for of in found.values()]
    return of_seeds("mixup, sign turned, mean over n", [np.mean(opposite, axis=0)], possible=TWICE)


def follows_mixup(found: Mapping[int, Policies], destroyed: xr.Dataset) -> Evidence:
    """Mixup: the last position is better than the input, and ratios go there."""
    own = {n: preference(of, "mixup-adaptive", LAST, FIRST) for n, of in found.items()}
    later = {n: of.ended("mixup-adaptive") for n, of in found.items()}
    gaps = {n: gap(of, "mixup", LAST, FIRST) for n, of in found.items()}
    named = [f"n={n}" for n in found]
    return {
        "follows": (
            of_seeds("mean over n", [np.mean(list(own.values()), axis=0)], possible=TWICE),
            turned(found),
        ),
        "by-size": (of_seeds(named, list(own.values()), possible=TWICE), None),
        "premise": (
            of_seeds("mean over n", [np.mean(list(gaps.values()), axis=0)], possible=CHANGE),
            destroyed,
        ),
        "gaps": (of_seeds(named, list(gaps.values()), possible=CHANGE), None),
        "ratios": (_by_position(later), None),
        "null": (_by_position({n: of.ended(NULL) for n, of in found.items()}), None),
        "rank": (
            correlation_table({f"n={n}": (of, "mixup", "mixup-adaptive") for n, of in found.items()}),
            None,
        ),
        "accuracies": (_accuracies(found, "mixup"), None),
        "seeds": (
            of_counts(
                named,
                [np.sum(each[:, LAST] > each[:, FIRST]) for each in later.values()],
                [len(each) for each in later.values()],
            ),
            None,
        ),
    }


def follows_others(of: Policies, opposite: xr.Dataset, destroyed: xr.Dataset) -> Evidence:
    """Cutout and noise: ratios go to the better of the input and the last position."""
    own = [preference(of, f"{name}-adaptive", *BETTER[name]) for name in OTHERS]
    accuracies = {name: [of.accuracy(f"{name}-p{k}") for k in range(POSITIONS)] for name in OTHERS}
    ended = {name: of.ended(f"{name}-adaptive") for name in OTHERS}
    return {
        "follows": (
            of_seeds(OTHERS, own, possible=TWICE),
            opposite,
        ),
        "premise": (
            of_seeds(OTHERS, [gap(of, name, *BETTER[name]) for name in OTHERS], possible=CHANGE),
            destroyed,
        ),
        "ratios": (_by_position(ended), None),
        "null": (_by_position({"identity": of.ended(NULL)}), None),
        "rank": (correlation_table({name: (of, name, f"{name}-adaptive") for name in OTHERS}), None),
        "accuracies": (
            of_seeds(
                [f"{name}, position {k}" for name in OTHERS for k in range(POSITIONS)],
                [each for name in OTHERS for each in accuracies[name]],
                possible=SHARE,
            ),
            None,
        ),
    }


def _by_position(ended: Mapping[Any, np.ndarray]) -> xr.Dataset:
    """Mean ratios at the end, a component for each key and position."""
    names = [f"{_said(key)}, position {k}" for key in ended for k in range(POSITIONS)]
    return of_seeds(names, [each[:, k] for each in ended.values() for k in range(POSITIONS)], possible=SHARE)


def _said(key: Any) -> str:
    return f"n={key}" if isinstance(key, int) else str(key)


def _accuracies(found: Mapping[int, Policies], operation: str) -> xr.Dataset:
    arms = [*(f"p{k}" for k in range(POSITIONS)), "uniform", "adaptive"]
    return of_seeds(
        [f"n={n}, {arm}" for n in found for arm in arms],
        [of.accuracy(f"{operation}-{arm}") for of in found.values() for arm in arms],
        possible=SHARE,
    )


def curves(found: Mapping[int, Policies], others: int) -> dict[str, xr.Dataset]:
    """Ratios over steps, and ratios at the end beside accuracies of fixed positions."""
    tables = {f"/curves/dense-paths/n{n}": paths(of, ["mixup-adaptive", NULL]) for n, of in found.items()}
    quality = {f"/curves/dense-quality/mixup-n{n}": beside(of, "mixup") for n, of in found.items()}
    quality |= {f"/curves/dense-quality/{name}-n{others}": beside(found[others], name) for name in OTHERS}
    return tables | quality


def paths(of: Policies, arms: Sequence[str]) -> xr.Dataset:
    """Mean ratios (arm, step, position) with their bands, and the number of seeds."""
    found = band(of.ratios["ratios"].sel(arm=list(arms)), "ratio")
    return found.assign_attrs(seeds=of.ratios.sizes["seed"])


def beside(of: Policies, operation: str) -> xr.Dataset:
    """Accuracy of each fixed position and ratio of it at the end, (position,), with bands."""
    fixed = of.outcomes["accuracy"].sel(arm=[f"{operation}-p{k}" for k in range(POSITIONS)])
    accuracy = band(fixed.rename(arm="position").drop_vars("position"), "accuracy")
    ended = of.ratios["ratios_end"].sel(arm=f"{operation}-adaptive", drop=True)
    found = xr.merge([accuracy, band(ended, "ratio")])
    return found.assign_attrs(seeds=of.ratios.sizes["seed"])
