"""Arms and their training."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.studies.gradient_regularization.arms import Arm, called, grid
from widthscope.studies.gradient_regularization.images import images_of
from widthscope.studies.gradient_regularization.networks import Network
from widthscope.studies.gradient_regularization.training import MEASURED, Recipe, train_arms
from widthscope.work import Work

RNG = np.random.default_rng(1)
POOL = xr.Dataset(
    {"image": (("sample", "pixel"), RNG.normal(size=(120, 6))), "label": ("sample", RNG.integers(0, 4, 120))}
)
PURPOSE = ("test", "training")
RECIPE = Recipe(batch=8, steps=6, rate=0.1, weight_decay=1e-3)
NETWORK = Network("tanh", 3, 5, 6, 4)


def trained(arms, seeds=(0, 1, 2), network=NETWORK, recipe=RECIPE):
    images = images_of(POOL, 40, list(seeds), PURPOSE, label_noise=0.2)
    return train_arms(network, images, recipe, list(seeds), arms, PURPOSE, Work(), "arms")


def test_the_grid_has_every_arm_once():
    arms = grid(0.3, (0.05, 0.5))
    assert [arm.name for arm in arms] == [
        *("plain", "double", "forward-0.05", "forward-0.5", "backward-0.05", "backward-0.5")
    ]
    assert [arm.signed_ascent for arm in arms] == [0.0, 0.0, 0.05, 0.5, -0.05, -0.5]
    assert [arm.strength for arm in arms] == [0.0, *[0.3] * 5]
    assert called("forward", 0.5) == "F-GR at ascent 0.5"
    assert called("plain") == "SGD"


def test_without_strength_every_arm_is_plain_training_to_the_last_bit():
    arms = [Arm(arm.method, arm.ascent, 0.0) for arm in grid(0.3, (0.05, 0.5))]
    found = trained(arms)
    for name in MEASURED:
        for arm in found["arm"].values:
            assert np.array_equal(found[name].sel(arm=arm), found[name].sel(arm="plain")), (name, arm)


def test_of_a_smooth_network_both_differences_part_in_proportion_to_the_ascent():
    """Their means over signs are even in the ascent, so that the next order is the square of it, 0.0016."""
    arms = [Arm(method, ascent, 0.5) for method in ("forward", "backward") for ascent in (0.02, 0.04)]
    entropy = trained([Arm("double", strength=0.5), *arms])["test_cross_entropy"]
    short, long = (
        entropy.sel(arm=f"forward-{ascent:g}") - entropy.sel(arm=f"backward-{ascent:g}")
        for ascent in (0.02, 0.04)
    )
    assert float(abs(long - 2 * short).max()) < 0.02 * float(abs(long).max())
    mean = (entropy.sel(arm="forward-0.02") + entropy.sel(arm="backward-0.02")) / 2
    assert bool((abs(mean - entropy.sel(arm="double")) < 0.2 * abs(short).max()).all())


def test_an_arms_result_depends_neither_on_other_arms_nor_on_other_seeds():
    arms = grid(0.3, (0.05, 0.5))
    names = {arm.name: arm for arm in arms}

    def run(members):
        tables = [
            trained([names[str(arm)]], [seed])[list(MEASURED)] if len(members) == 1 else None
            for arm, seed in members.rows()
        ]
        if len(members) > 1:
            every = trained(list(dict.fromkeys(names[str(arm)] for arm in members.values("arm"))))
            tables = [every[list(MEASURED)].sel(arm=[arm], seed=[seed]) for arm, seed in members.rows()]
        return {
            name: torch.tensor([float(table[name].squeeze()) for table in tables], dtype=torch.float64)
            for name in MEASURED
        }

    members = Members.grid(arm=tuple(names), seed=(0, 1, 2))
    assert dependent_on_company(run, members, groups=(1,)) == []


def test_a_network_that_diverged_has_no_accuracy():
    arms = [Arm("plain"), Arm("double", strength=1e6)]
    found = trained(arms, network=replace(NETWORK, activation="relu"), recipe=Recipe(8, 20, 0.1))
    gone = (found["diverged_at"] >= 0).sel(arm="double")
    assert bool(gone.any())
    for name in MEASURED:
        assert np.array_equal(np.isnan(found[name].sel(arm="double")), gone)


@pytest.mark.parametrize("method", ["plain", "forward", "double"])
def test_training_lowers_the_loss_on_what_is_learnt(method):
    arm = Arm(method, 0.1 if method == "forward" else 0.0, 0.0 if method == "plain" else 0.1)
    first = trained([arm], recipe=Recipe(8, 1, 1e-9))["train_cross_entropy"]
    last = trained([arm], recipe=Recipe(8, 100, 0.05))["train_cross_entropy"]
    assert bool((last < first).all())
