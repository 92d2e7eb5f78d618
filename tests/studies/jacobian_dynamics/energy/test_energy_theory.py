"""Closed forms of energies against autograd, brute force, and the cases where they are exact."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from widthscope.attention.energies import attention_flow, energy_rate, log_energy, on_tangents
from widthscope.studies.jacobian_dynamics.energy import theory
from widthscope.studies.jacobian_dynamics.energy.fit_counter_examples import ring_balance
from widthscope.studies.jacobian_dynamics.energy.weights import skew_part, symmetric_part

MEMBERS, BATCH, TOKENS, WIDTH = 3, 4, 5, 6
BETAS = [0.25, 1.0, 16.0]


def normal(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def unit(*shape: int, seed: int) -> Tensor:
    tokens = normal(*shape, seed=seed)
    return tokens / tokens.norm(dim=-1, keepdim=True)


@pytest.fixture
def symmetric() -> Tensor:
    return symmetric_part(normal(MEMBERS, 1, WIDTH, WIDTH, seed=1)) / math.sqrt(WIDTH)


@pytest.fixture
def state() -> Tensor:
    return unit(MEMBERS, BATCH, TOKENS, WIDTH, seed=2)


def rate(score: Tensor, value: Tensor, beta: float, state: Tensor, projected: bool) -> Tensor:
    """(dE/dt)/|E| by central differences of ln(-E) along the flow."""
    velocity = attention_flow(score, value, beta, state)
    if projected:
        velocity = on_tangents(state, velocity)
    step = 1e-6
    ahead, behind = (log_energy(score, beta, state + sign * step * velocity) for sign in (1, -1))
    return -(ahead - behind) / (2 * step)


@pytest.mark.parametrize("beta", BETAS)
def test_a_symmetric_matrix_as_value_loses_energy_at_the_rate_of_its_pull(symmetric, state, beta):
    expected = rate(symmetric, symmetric, beta, state, projected=True)
    found = theory.matched_value_rate(symmetric, beta, state)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    assert bool((found < 0).all())
    unprojected = theory.matched_value_rate(symmetric, beta, state, projected=False)
    assert bool((unprojected < found).all())


@pytest.mark.parametrize("beta", BETAS)
def test_any_value_changes_energy_at_the_rate_of_its_quadratic_form(symmetric, state, beta):
    value = normal(MEMBERS, 1, WIDTH, WIDTH, seed=3)
    expected = rate(symmetric, value, beta, state, projected=False)
    torch.testing.assert_close(
        theory.free_value_rate(symmetric, value, beta, state), expected, rtol=1e-6, atol=1e-7
    )


@pytest.mark.parametrize("beta", BETAS)
def test_heads_of_orthogonal_ranges_lose_energy_one_by_one(state, beta):
    frame = torch.linalg.qr(normal(MEMBERS, WIDTH, WIDTH, seed=4)).Q
    blocks = frame.reshape(MEMBERS, WIDTH, 3, 2).transpose(1, 2)
    score = blocks @ symmetric_part(normal(MEMBERS, 3, 2, 2, seed=5)) @ blocks.mT
    expected = rate(score, score, beta, state, projected=False)
    found = theory.orthogonal_heads_rate(score, beta, state)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-8)
    assert bool((found <= 0).all())


@pytest.mark.parametrize(("strength", "length", "beta"), [(2.0, 1.0, 1.0), (1.2, 0.5, 4.0), (0.5, 1.0, 1.0)])
def test_overlapping_heads_gain_energy_where_the_second_is_stronger(strength, length, beta):
    tokens, width = 3, 4
    states = (length * unit(width, seed=6)).expand(tokens, width)[None, None]
    identity = torch.eye(width, dtype=torch.float64)
    score = torch.stack([identity, -strength * identity])[None]
    found = energy_rate(score, beta, states, attention_flow(score, score, beta, states), projected=False)
    absolute = (found.relative * log_energy(score, beta, states).exp()).item()
    expected = theory.overlapping_heads_rate(strength, length, beta, tokens)
    assert absolute == pytest.approx(expected, rel=1e-12)
    positive = (strength - 1) * (math.exp(beta * length**2 * (1 + strength)) - strength) > 0
    assert (absolute > 0) == positive


def test_the_value_of_the_first_overlapping_example():
    assert theory.overlapping_heads_rate(2.0, 1.0, 1.0, 3) == pytest.approx(22.0285, abs=1e-4)


@pytest.mark.parametrize("beta", [0.5, 4.0, 64.0])
@pytest.mark.parametrize("skew", [0.0, 0.3, 0.51, 1.7])
@pytest.mark.parametrize("angle", [0.02, 0.4, 1.2])
def test_two_tokens_change_energy_by_the_closed_form(skew, angle, beta):
    A, states = theory.two_token_scores(skew), theory.two_tokens(angle)
    identity = torch.eye(2, dtype=torch.float64)[None, None]
    expected = energy_rate(A, beta, states, attention_flow(A, identity, beta, states), projected=True)
    found = theory.two_token_rate(skew, angle, beta)
    assert found == pytest.approx(expected.relative.item(), rel=1e-9)
    assert (found > 0) == (
        skew * math.cos(angle) * math.tanh(beta * skew * math.sin(angle)) > math.sin(angle)
    )
    assert (found > 0) == (skew > theory.critical_skew(angle, beta))


def test_the_critical_skew_of_tokens_that_meet_is_one_over_the_root_of_beta():
    for beta in (0.25, 1.0, 16.0):
        assert theory.critical_skew(0.0, beta) == pytest.approx(beta**-0.5)
        assert theory.critical_skew(1e-4, beta) == pytest.approx(beta**-0.5, rel=1e-6)
    angles = np.linspace(0, 1.5, 20)
    critical = [theory.critical_skew(angle, 4.0) for angle in angles]
    assert np.all(np.diff(critical) > 0)  # the first rise is that of tokens that meet


@pytest.mark.parametrize("tokens", [2, 6])
def test_near_an_eigenvector_energy_rises_from_the_predicted_temperature_on(tokens):
    score = normal(5, WIDTH, WIDTH, seed=7) / math.sqrt(WIDTH)
    thresholds, states, _ = theory.near_consensus(score, 1e-3, tokens)
    value = symmetric_part(score)[:, None]
    for factor in (0.9, 0.999, 1.001, 1.1):
        for draw in range(5):
            beta = factor * thresholds[draw, -1].item()
            A, B, X = score[draw : draw + 1, None], value[draw : draw + 1], states[draw : draw + 1]
            found = energy_rate(A, beta, X, attention_flow(A, B, beta, X), projected=True)
            assert (found.balance.item() > 0) == (factor > 1)


def test_thresholds_are_eigenvalues_over_turned_lengths_and_infinite_below_zero():
    score = torch.tensor([[[1.0, 0.5], [-0.5, -1.0]]], dtype=torch.float64)
    thresholds, _, rival = theory.near_consensus(score, 1e-3, 2)
    torch.testing.assert_close(thresholds, torch.tensor([[math.inf, 4.0]], dtype=torch.float64))
    assert rival.item() == pytest.approx(1 / 1.25)


def test_the_two_token_family_is_a_case_of_the_threshold():
    thresholds, *_ = theory.near_consensus(theory.two_token_scores(0.5)[0], 1e-3, 2)
    torch.testing.assert_close(thresholds, torch.full((1, 2), 4.0, dtype=torch.float64))


@pytest.mark.parametrize("beta", [0.01, 1.0, 64.0])
@pytest.mark.parametrize(("tokens", "block"), [(4, 2), (6, 2), (8, 3)])
@pytest.mark.parametrize("ratio", [0.2, 0.9])
def test_a_ring_of_tokens_gains_energy_at_every_temperature(tokens, block, ratio, beta):
    frame = torch.linalg.qr(normal(2, 2 * block + 1, 2 * block + 1, seed=8)).Q
    first, second = frame[..., :block], frame[..., block : 2 * block]
    A = (first @ second.mT)[:, None]
    states = theory.ring(first, second, ratio, tokens)
    torch.testing.assert_close(states.norm(dim=-1), torch.ones(2, 1, tokens, dtype=torch.float64))
    balance = energy_rate(
        A, beta, states, attention_flow(A, symmetric_part(A), beta, states), projected=False
    ).balance
    expected = torch.full_like(balance, theory.ring_balance(ratio))
    torch.testing.assert_close(balance, expected, rtol=1e-9, atol=1e-11)


def test_an_odd_ring_is_not_exact():
    frame = torch.linalg.qr(normal(1, 4, 4, seed=8)).Q
    states = theory.ring(frame[..., :2], frame[..., 2:], 0.9, 3)
    A = (frame[..., :2] @ frame[..., 2:].mT)[:, None]
    balance = energy_rate(A, 4.0, states, attention_flow(A, symmetric_part(A), 4.0, states), projected=False)
    assert balance.balance.item() < 0 < theory.ring_balance(0.9)


def test_the_fit_has_the_same_balance_of_the_ring_without_torch():
    import xarray as xr

    assert ring_balance(xr.Dataset(attrs={"ratio": 0.3})) == pytest.approx(theory.ring_balance(0.3))


def test_the_limit_of_steps_is_where_the_mean_turns_over():
    score = torch.diag(torch.tensor([1.0, 0.2, -0.5], dtype=torch.float64))[None]
    limit = theory.step_limit(score).item()
    assert limit == pytest.approx(2 / 1.5)
    # all tokens equal and next to the leading eigenvector, off along the least: one exact step, linearised
    for factor in (0.9, 1.1):
        x = torch.tensor([1.0, 0.0, 1e-5], dtype=torch.float64)
        step = factor * limit
        pull = score[0] @ x
        moved = x + step * (pull - (x @ pull) / (x @ x) * x)
        moved = moved / moved.norm()
        assert (abs(moved[2].item()) > 1e-5) == (factor > 1)


def test_the_limit_without_negative_eigenvalues_is_that_of_differences():
    score = torch.diag(torch.tensor([1.0, 0.5], dtype=torch.float64))[None]
    assert theory.step_limit(score).item() == pytest.approx(2.0)


def test_parts_of_a_matrix_add_up():
    A = normal(2, 3, 3, seed=9)
    torch.testing.assert_close(symmetric_part(A) + skew_part(A), A)
    torch.testing.assert_close(skew_part(A), -skew_part(A).mT)
