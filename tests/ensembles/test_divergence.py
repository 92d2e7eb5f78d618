import numpy as np
import pytest
import torch
from tests.ensembles.small_training import STEPS, trained

from widthscope.ensembles.divergence import Divergence, finite_members
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD

MEMBERS = Members.grid(seed=range(4), rate=(0.01, 1e4))


def explosive(members, dtype=torch.float32):
    from tests.ensembles.small_training import network

    step = GradientStep(network(5, "relu")[1], SGD(members.tensor("rate", dtype=dtype)))
    return trained(members, dtype=dtype, activation="relu", step=step)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_others_are_what_they_are_without_a_diverging_member(dtype):
    found = explosive(MEMBERS, dtype)
    calm = MEMBERS.where(rate=0.01)
    expected = explosive(MEMBERS.take(calm), dtype)
    assert (found.diverged_at[calm] == -1).all()
    for name, values in expected.parameters.items():
        assert torch.equal(found.parameters[name][calm], values)
    assert expected.history.identical(found.history.isel(member=calm))


def test_a_diverging_member_is_frozen_where_it_was_last_finite():
    found = explosive(MEMBERS)
    wild = MEMBERS.where(rate=1e4)
    at = found.diverged_at[wild]
    assert ((at > 0) & (at < STEPS)).all()
    for name, values in found.parameters.items():
        assert values.isfinite().all(), name
    for member, step in zip(wild, at.tolist(), strict=True):
        losses = found.history["loss"][member].values
        assert np.isfinite(losses[:step]).all()
        assert np.isnan(losses[step:]).all()
        steps = found.history["step"].values
        recorded = found.history["first"][member].values
        assert np.isfinite(recorded[steps <= step]).all()
        assert np.isnan(recorded[steps > step]).all()
        assert np.isnan(found.history["norm"][member, -1])
    assert found.history["diverged_at"].values.tolist() == found.diverged_at.tolist()


def test_all_members_may_diverge():
    found = explosive(MEMBERS.take(MEMBERS.where(rate=1e4)))
    assert (found.diverged_at >= 0).all()
    lone = explosive(MEMBERS.take([1]))
    assert lone.diverged_at[0] == found.diverged_at[0]
    assert torch.equal(lone.parameters["first"][0], found.parameters["first"][0])


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_seen_wherever_it_stands(bad):
    parameters = {"a": torch.randn(3, 4, 2), "b": torch.randn(3)}
    assert finite_members(parameters).all()
    parameters["a"][1, 2, 1] = bad
    parameters["b"][2] = bad
    assert finite_members(parameters).tolist() == [True, False, False]


def test_a_loss_that_is_not_finite_freezes_though_the_parameters_are():
    divergence = Divergence.none(2, torch.device("cpu"))
    old, new = {"a": torch.zeros(2, 3)}, {"a": torch.ones(2, 3)}
    kept = divergence.keep(old, new, torch.tensor([1.0, torch.nan]), step=7)
    assert torch.equal(kept["a"], torch.tensor([[1.0] * 3, [0.0] * 3]))
    assert divergence.diverged_at.tolist() == [-1, 7]
    again = divergence.keep(kept, {"a": torch.full((2, 3), 2.0)}, torch.tensor([1.0, 1.0]), step=8)
    assert torch.equal(again["a"], torch.tensor([[2.0] * 3, [0.0] * 3]))  # frozen for good
    assert divergence.diverged_at.tolist() == [-1, 7]
