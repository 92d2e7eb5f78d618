"""Exponents and lengths of draws against dense products, and streams that depend on nothing else."""

import numpy as np
import pytest
import torch

from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import update
from widthscope.studies.jacobian_dynamics.normalisation.draws import draw
from widthscope.studies.jacobian_dynamics.normalisation.horizon import largest_exponent, measured_lengths

NAMES = ("tests", 0)


@pytest.mark.parametrize("norm", ["none", "unit"])
def test_largest_exponents_are_those_of_the_dense_product(norm):
    draws = draw(NAMES, 3, 8, 2, 4)
    dynamics = draws.dynamics(norm, 3, 0.7, 0.5)
    state, product = draws.state(3), torch.eye(24, dtype=torch.float64)
    for _ in range(4):
        product = autograd_jacobian(dynamics, state) @ product
        state = dynamics.step(state)
    expected = torch.linalg.matrix_norm(product, ord=2).log() / 4
    np.testing.assert_allclose(largest_exponent(dynamics, draws, 3, 4), expected, atol=1e-7)


def autograd_jacobian(dynamics, state):
    """By autograd of the model's own update: nothing of the closed form enters."""

    def step(flat):
        X = flat.reshape(dynamics.drive.shape)
        return update(dynamics.rule, dynamics.parameters, X, dynamics.drive).flatten(1)

    full = torch.autograd.functional.jacobian(step, state)
    return torch.stack([full[place, :, place] for place in range(len(state))])


def test_lengths_are_those_before_the_norm():
    draws = draw(NAMES, 2, 8, 1, 3)
    parameters = {**draws.parameters, "step": torch.full((2,), 0.5, dtype=torch.float64)}
    bare = {name: values for name, values in parameters.items() if name != "gain"}
    X, C, product = draws.tokens, 1.5 * draws.directions, torch.ones(2, dtype=torch.float64)
    for _ in range(3):
        Y = update(Rule(norm="none"), bare, X, C)
        lengths = Y.norm(dim=-1)
        product = product * lengths.square().mean((1, 2)).sqrt()
        X = Y / lengths[..., None]
    np.testing.assert_allclose(measured_lengths(draws, 3, 3, 0.5, 1.5), product, rtol=1e-12)


def test_gain_and_length_are_those_asked_for():
    draws = draw(NAMES, 2, 8, 1, 3)
    moved = draws.dynamics("unit", 2, 1.0, gain=7.0).step(draws.state(2, 100.0))
    np.testing.assert_allclose(moved.reshape(2, 2, 8).norm(dim=-1), 7.0, rtol=1e-12)
    assert "gain" not in draws.dynamics("none", 2, 1.0).parameters


def test_a_sample_is_the_same_whatever_is_drawn_beside_it():
    few, many = draw(NAMES, 2, 8, 1, 3), draw(NAMES, 5, 8, 1, 3)
    for name, values in few.parameters.items():
        torch.testing.assert_close(many.parameters[name][:2], values, rtol=0, atol=0)
    torch.testing.assert_close(many.tokens[:2], few.tokens, rtol=0, atol=0)
    assert not torch.equal(few.tokens[0], few.tokens[1])
    np.testing.assert_allclose(few.tokens.norm(dim=-1), 1, rtol=1e-12)
    np.testing.assert_allclose(few.directions.norm(dim=-1), 1, rtol=1e-12)


def test_value_products_act_on_rows_as_the_layer_does():
    draws = draw(NAMES, 1, 8, 2, 1)  # one token attends to itself alone
    dynamics = draws.dynamics("none", 1, 1.0)
    X = draws.state(1)
    np.testing.assert_allclose(dynamics.step(X) - X, X.numpy() @ draws.value_product()[0], atol=1e-14)
