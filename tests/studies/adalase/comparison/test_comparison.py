"""Comparisons of policies on planted accuracies."""

import numpy as np
import pytest
import xarray as xr

from widthscope.studies.adalase.comparison import fit
from widthscope.studies.adalase.dense.fit import by_size
from widthscope.studies.adalase.stored import Policies

SEEDS, LEVELS = 12, {"p0": 0.60, "p1": 0.64, "p2": 0.70, "uniform": 0.66, "adaptive": 0.68}


def planted() -> dict[int, Policies]:
    """Accuracies of `LEVELS` at two sizes, where a seed moves all policies alike; n moves none."""
    arms = [f"{operation}-{arm}" for operation in ("mixup", "cutout", "noise") for arm in LEVELS]
    moved = np.linspace(-0.1, 0.1, SEEDS)
    accuracy = np.array([LEVELS[arm.split("-")[1]] + moved for arm in arms])
    attrs = {"least": 0.1, "positions": 3}
    outcomes = xr.Dataset(
        {"accuracy": (("arm", "seed"), accuracy)}, {"arm": arms, "seed": range(SEEDS)}, attrs
    )
    ratios = xr.Dataset(
        {"ratios_end": (("arm", "seed", "position"), np.full((len(arms), SEEDS, 3), 1 / 3))},
        {"arm": arms, "seed": range(SEEDS)},
        attrs,
    )
    tree = {
        f"/n{n}/{name}": table
        for n in (50, 100)
        for name, table in (("outcomes", outcomes), ("ratios", ratios))
    }
    return by_size({"dense": xr.DataTree.from_dict(tree)})


def test_gains_are_paired_over_seeds_which_then_add_nothing() -> None:
    dense = planted()
    measured, _ = fit.against_best(dense, {})["gain"]
    assert measured["estimate"].values == pytest.approx(np.full(4, LEVELS["adaptive"] - LEVELS["p2"]))
    measured, control = fit.hidden_helps(dense)["gap"]
    assert measured["estimate"].values == pytest.approx([0.1, 0.1])
    assert control is not None


def test_a_gap_that_is_the_same_at_every_size_has_no_slope() -> None:
    measured, _ = fit.shrinks(planted())["slope"]
    assert measured["estimate"].values == pytest.approx([0.0], abs=1e-12)
