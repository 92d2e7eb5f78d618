"""Flooding as a step: against autograd of |L - b| + b, each member with its own level, and alone."""

import pytest
import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.flooding import FloodingError, FloodingStep, signs

STREAM = torch.Generator().manual_seed(5)
PARAMETERS = {
    "first": torch.randn(3, 4, 5, dtype=torch.float64, generator=STREAM),
    "second": torch.randn(3, 5, 1, dtype=torch.float64, generator=STREAM),
}
BATCH = {
    "x": torch.randn(3, 6, 4, dtype=torch.float64, generator=STREAM),
    "y": torch.randn(3, 6, 1, dtype=torch.float64, generator=STREAM),
}


def loss(parameters: Parameters, batch: Batch) -> Tensor:
    outputs = torch.tanh(batch["x"] @ parameters["first"]) @ parameters["second"]
    return (outputs - batch["y"]).square().mean(dim=(1, 2))


def step(level: float | Tensor, rate: float = 0.1, momentum: float = 0.0) -> FloodingStep:
    return FloodingStep(loss, level, SGD(rate, momentum))


def test_the_step_is_the_gradient_of_the_flooded_loss() -> None:
    losses = loss(PARAMETERS, BATCH)
    levels = losses * torch.tensor([0.5, 2.0, 0.9], dtype=torch.float64)
    new, _, returned = step(levels)(PARAMETERS, {}, BATCH, 0)
    leaves = {name: value.clone().requires_grad_() for name, value in PARAMETERS.items()}
    flooded = (loss(leaves, BATCH) - levels).abs() + levels
    wanted = torch.autograd.grad(flooded.sum(), list(leaves.values()))
    for (name, value), gradient in zip(PARAMETERS.items(), wanted, strict=True):
        torch.testing.assert_close(new[name], value - 0.1 * gradient, rtol=1e-14, atol=1e-15)
    torch.testing.assert_close(returned, losses, rtol=0, atol=0)


def test_far_above_the_level_it_is_plain_descent_to_the_last_bit_and_far_below_plain_ascent() -> None:
    plain, _, _ = GradientStep(loss, SGD(0.1))(PARAMETERS, {}, BATCH, 0)
    ascent, _, _ = GradientStep(loss, SGD(-0.1))(PARAMETERS, {}, BATCH, 0)
    for level, wanted in ((-1.0, plain), (1e6, ascent)):
        new, _, _ = step(level)(PARAMETERS, {}, BATCH, 0)
        assert all(torch.equal(new[name], wanted[name]) for name in new)


def test_at_the_level_nothing_moves() -> None:
    new, _, _ = step(loss(PARAMETERS, BATCH))(PARAMETERS, {}, BATCH, 0)
    assert all(torch.equal(new[name], value) for name, value in PARAMETERS.items())


def test_a_loss_that_is_no_number_has_no_sign() -> None:
    found = signs(torch.tensor([1.0, 3.0, torch.nan, 2.0]), 2.0)
    assert found[:2].tolist() == [-1.0, 1.0]
    assert found[2].isnan()
    assert found[3] == 0


def test_the_loss_stays_about_the_level() -> None:
    level = 0.2
    members = Members.grid(seed=range(3))
    found = train(members, PARAMETERS, step(level, 0.05), lambda _: BATCH, 400).history["loss"].values
    assert (abs(found[:, -100:] / level - 1) < 0.1).all()


def test_members_at_their_own_levels_do_not_depend_on_company() -> None:
    members = Members.grid(seed=range(3), level=(0.3, 3.0))

    def run(chosen: Members) -> Parameters:
        seeds = torch.tensor(chosen.values("seed"))
        drawn = {name: value[seeds].float() for name, value in PARAMETERS.items()}
        batch = {name: value[seeds].float() for name, value in BATCH.items()}
        own = step(chosen.tensor("level"), momentum=0.9)
        return train(chosen, drawn, own, lambda _: batch, 5).parameters

    assert dependent_on_company(run, members) == []


def test_groups_of_members_find_the_same() -> None:
    many = {name: torch.cat([value, value]) for name, value in PARAMETERS.items()}
    batch = {name: torch.cat([value, value]) for name, value in BATCH.items()}
    whole, _, _ = step(0.5)(many, {}, batch, 0)
    groups, _, _ = FloodingStep(loss, 0.5, SGD(0.1), at_once=2)(many, {}, batch, 0)
    assert all(torch.equal(whole[name], groups[name]) for name in whole)


@pytest.mark.parametrize("level", [float("nan"), float("inf"), torch.tensor([0.1, -float("inf")])])
def test_a_level_must_be_finite(level: float | Tensor) -> None:
    with pytest.raises(FloodingError, match="must be finite"):
        step(level)
