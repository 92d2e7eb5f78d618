"""The rule by itself: derivatives by hand, verdicts, figures, and what wrong settings meet."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.content import flatten
from widthscope.feature_augmentation.operations.catalogue import OPERATIONS
from widthscope.studies.adalase.rule import experiment, figures, fit, plan
from widthscope.studies.adalase.rule.claims import CLAIMS
from widthscope.studies.adalase.rule.hypergradient import TOLERANCE, deviations
from widthscope.studies.adalase.rule.settings import Rule
from widthscope.work import Work

SETTINGS = Rule(
    seeds=3,
    width=6,
    batch=6,
    ratio_rate=0.05,
    coarse_steps=60,
    coarse_runs=20_000,
    fine_runs=4000,
    weighted_runs=500,
    neutral_positions=(2,),
    neutral_strengths=(0.05, 0.3),
    neutral_steps=25,
    neutral_runs=8000,
)


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_controls_alone_are_refuted(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("adalase", "2408.13426", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_names_can_be_stored_and_figures_drawn(stored: dict[str, xr.DataTree], tree: xr.DataTree) -> None:
    for found in (*stored.values(), tree):
        assert flatten(found)
    drawn = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawn)
    assert f"{SETTINGS.neutral_runs} runs" in drawn["neutral-drift"].caption


@pytest.mark.parametrize("name", ["identity", "mixup", "cutout", "noise", "permutation"])
def test_the_increment_is_the_derivative_by_a_ratio(name: str) -> None:
    """Also where the operation does nothing, so that all positions have one derivative."""
    found = deviations(torch.Generator().manual_seed(4), OPERATIONS[name], width=5, batch=8, rate=0.2)
    assert (found["after"] < 1e-3).all()
    assert (found["before"] * TOLERANCE > 1e-5).all()
    if name == "identity":
        derivative = found["derivative"]
        torch.testing.assert_close(derivative, derivative[:1].expand_as(derivative))


def test_without_a_step_both_orders_are_the_same() -> None:
    found = deviations(torch.Generator().manual_seed(4), OPERATIONS["mixup"], width=5, batch=8, rate=1e-9)
    assert (found["before"] * TOLERANCE < 1e-6).all()


def test_seeds_are_streams_of_their_own(stored: dict[str, xr.DataTree]) -> None:
    """Fewer seeds leave those that stay as they were."""
    fewer = experiment.hypergradients({**SETTINGS.model_dump(mode="json"), "seeds": 3, "seed": 103})
    first = stored["rule"]["hypergradient"]["derivative"].isel(seed=slice(0, 3))
    assert np.array_equal(fewer["derivative"].values, first.values)


def test_settings_that_cannot_work_are_refused() -> None:
    for wrong in (
        {"alignments": (0.1, 5.0), "coarse_steps": 1000},
        {"operations": ("cutout", "cutout")},
        {"operations": ("vertical_flip",)},
        {"neutral_runs": 2},
    ):
        with pytest.raises(ValidationError):
            Rule(**wrong)  # type: ignore[arg-type]
