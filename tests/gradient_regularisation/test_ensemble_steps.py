"""Each step against its definition; strength 0 is plain training and members are independent, bit for bit."""

import math

import pytest
import torch
from tests.ensembles.small_training import network, trained
from tests.gradient_regularisation.small_networks import batch, initial, kinked_loss, smooth_loss

from widthscope.ensembles.gradient_step import GradientStep, value_and_gradients
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD, Adam
from widthscope.gradient_regularisation.differences import centred, exact, one_sided
from widthscope.gradient_regularisation.ensemble_steps import (
    DifferenceStep,
    DoubleBackpropagationStep,
    SharpnessAwareStep,
    member_norms,
)

MEMBERS = 3
OPTIMISER = SGD(0.1, momentum=0.9)
STRENGTH = torch.tensor([0.3, 0.0, 0.05], dtype=torch.float64)
ASCENT = torch.tensor([0.5, 0.2, -0.1], dtype=torch.float64)


def after(step, steps=4, parameters=None):
    parameters = initial(MEMBERS) if parameters is None else parameters
    state = step.start(parameters)
    for k in range(steps):
        parameters, state, losses = step(parameters, state, batch(MEMBERS, seed=k), k)
    return {**parameters, "losses": losses}


def assert_close(found, expected, rtol=1e-12):
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=rtol, atol=1e-14), name


@pytest.mark.parametrize("with_centre", [False, True])
def test_direction_is_gradient_plus_strength_times_difference(with_centre):
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    step = DifferenceStep(kinked_loss, OPTIMISER, STRENGTH, ASCENT, centred=with_centre)
    losses, direction = step.direction(parameters, data)
    assert torch.equal(losses, kinked_loss(parameters, data))

    def gradient(p):
        return value_and_gradients(kinked_loss, p, data)[1]

    first = gradient(parameters)
    method = centred if with_centre else one_sided
    difference = method(gradient, parameters, first, ASCENT)
    expected = {k: g + STRENGTH.reshape(-1, *[1] * (g.ndim - 1)) * difference[k] for k, g in first.items()}
    assert_close(direction, expected)


@pytest.mark.parametrize("strength", [STRENGTH, STRENGTH + 0.1], ids=["a-zero", "no-zero"])
def test_double_backpropagation_adds_the_exact_product(strength):
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    step = DoubleBackpropagationStep(smooth_loss, OPTIMISER, strength)
    losses, direction = step.direction(parameters, data)
    expected_losses, gradients, products = exact(smooth_loss, parameters, data)
    assert torch.equal(losses, expected_losses)
    expected = {k: g + strength.reshape(-1, *[1] * (g.ndim - 1)) * products[k] for k, g in gradients.items()}
    assert_close(direction, expected)


@pytest.mark.parametrize(
    "step",
    [
        DifferenceStep(kinked_loss, OPTIMISER, 0.0, 0.5),
        DifferenceStep(kinked_loss, OPTIMISER, torch.zeros(MEMBERS), -0.5),
        DifferenceStep(kinked_loss, OPTIMISER, 0.0, 0.5, centred=True),
        DoubleBackpropagationStep(kinked_loss, OPTIMISER, 0.0),
        DoubleBackpropagationStep(kinked_loss, OPTIMISER, torch.zeros(MEMBERS)),
    ],
)
def test_strength_zero_is_plain_training_to_the_last_bit(step):
    plain = after(GradientStep(kinked_loss, OPTIMISER))
    for name, value in after(step).items():
        assert torch.equal(value, plain[name]), name


@pytest.mark.parametrize(
    "step",
    [
        lambda strength: DifferenceStep(smooth_loss, OPTIMISER, strength, 0.5),
        lambda strength: DoubleBackpropagationStep(smooth_loss, OPTIMISER, strength),
    ],
)
def test_a_member_of_strength_zero_does_not_notice_its_neighbours(step):
    plain, among = after(GradientStep(smooth_loss, OPTIMISER)), after(step(STRENGTH))
    for name, value in plain.items():
        assert torch.equal(among[name][1], value[1]), name
    assert not torch.equal(among["first"][0], plain["first"][0])


def test_parameters_with_one_gradient_and_with_none_are_stepped_apart():
    """Two that enter as their sum have one gradient, which the optimiser must not write to twice."""

    def loss(p, batch):
        return ((p["a"] + p["b"]) * batch["x"]).square().sum(dim=1) + p["linear"].sum(dim=1)

    parameters = {name: torch.tensor([[0.3, -0.2]]) for name in ("a", "b", "linear", "unused")}
    step = DoubleBackpropagationStep(loss, SGD(0.1, momentum=0.9), 0.5)
    found = step(parameters, step.start(parameters), {"x": torch.tensor([[1.0, 0.5]])}, 0)[0]
    curvature = 2 * torch.tensor([[1.0, 0.5]]).square()
    gradient = curvature * 2 * parameters["a"]
    expected = parameters["a"] - 0.1 * (gradient + 0.5 * 2 * curvature * gradient)
    assert torch.allclose(found["a"], expected)
    assert torch.allclose(found["b"], expected)
    assert torch.allclose(found["linear"], parameters["linear"] - 0.1)
    assert torch.equal(found["unused"], parameters["unused"])


@pytest.mark.parametrize("normalised", [False, True])
def test_sharpness_aware_step_is_the_difference_with_strength_and_ascent_alike(normalised):
    parameters, data = initial(MEMBERS), batch(MEMBERS)
    first = value_and_gradients(kinked_loss, parameters, data)[1]
    radius = torch.tensor([0.05, 0.3, 1.0], dtype=torch.float64)
    ascent = radius / member_norms(first) if normalised else radius
    found = SharpnessAwareStep(kinked_loss, OPTIMISER, radius, normalised).direction(parameters, data)[1]
    special = DifferenceStep(kinked_loss, OPTIMISER, ascent, ascent).direction(parameters, data)[1]
    assert_close(found, special, rtol=1e-14)
    shift = {k: p + ascent.reshape(-1, *[1] * (p.ndim - 1)) * first[k] for k, p in parameters.items()}
    assert_close(found, value_and_gradients(kinked_loss, shift, data)[1])


def test_sharpness_aware_step_stays_where_the_gradient_is_zero():
    def loss(parameters, batch):
        return (parameters["w"] * batch["on"]).square().sum(dim=1)

    batch = {"on": torch.tensor([[0.0], [1.0]])}
    step = SharpnessAwareStep(loss, SGD(0.5), 0.1)
    parameters = {"w": torch.tensor([[2.0], [1.0]])}
    found = step(parameters, step.start(parameters), batch, 0)[0]["w"]
    assert torch.allclose(found, torch.tensor([[2.0], [-0.1]]))


@pytest.mark.parametrize("at_once", [0, 2])
def test_members_in_groups_are_trained_alike(at_once):
    step = DifferenceStep(smooth_loss, OPTIMISER, STRENGTH, ASCENT, at_once=at_once)
    whole = after(DifferenceStep(smooth_loss, OPTIMISER, STRENGTH, ASCENT))
    assert all(torch.equal(value, whole[name]) for name, value in after(step).items())


@pytest.mark.parametrize("kind", ["difference", "centred", "double", "sharpness"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_members_result_does_not_depend_on_its_company(kind, dtype):
    loss = network(33)[1]

    def run(members):
        strength, ascent = members.tensor("strength"), members.tensor("ascent")
        step = {
            "difference": lambda: DifferenceStep(loss, Adam(0.01), strength, ascent),
            "centred": lambda: DifferenceStep(loss, Adam(0.01), strength, ascent, centred=True),
            "double": lambda: DoubleBackpropagationStep(loss, Adam(0.01), strength),
            "sharpness": lambda: SharpnessAwareStep(loss, Adam(0.01), ascent.abs()),
        }[kind]()
        found = trained(members, dtype=dtype, width=33, steps=6, step=step)
        return {**found.parameters, "loss": torch.from_numpy(found.history["loss"].to_numpy())}

    members = Members.grid(seed=range(3), strength=(0.0, 0.3), ascent=(0.5, -0.1))
    assert dependent_on_company(run, members, groups=(1, 2, 5)) == []


@pytest.mark.parametrize(
    "build",
    [
        lambda: DifferenceStep(smooth_loss, OPTIMISER, -0.1, 0.5),
        lambda: DifferenceStep(smooth_loss, OPTIMISER, 0.1, 0.0),
        lambda: DifferenceStep(smooth_loss, OPTIMISER, 0.1, torch.tensor([0.1, math.inf])),
        lambda: DoubleBackpropagationStep(smooth_loss, OPTIMISER, math.nan),
        lambda: SharpnessAwareStep(smooth_loss, OPTIMISER, 0.0),
    ],
)
def test_numbers_that_mean_nothing_are_refused(build):
    with pytest.raises(ValueError, match="must be finite"):
        build()
