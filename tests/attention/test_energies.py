"""Energies and their rates against sums over pairs, autograd, and cases known exactly."""

import math

import pytest
import torch
from torch import Tensor

from widthscope.attention.energies import (
    attention_flow,
    energy_rate,
    log_energy,
    on_tangents,
    pairs,
    relative_gradient,
    score_matrices,
    value_matrices,
)

MEMBERS, BATCH, HEADS, TOKENS, WIDTH = 2, 3, 2, 5, 6


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def score() -> Tensor:
    return normal(MEMBERS, HEADS, WIDTH, WIDTH, seed=1)


@pytest.fixture
def value() -> Tensor:
    return normal(MEMBERS, HEADS, WIDTH, WIDTH, seed=2)


@pytest.fixture
def state() -> Tensor:
    return 0.7 * normal(MEMBERS, BATCH, TOKENS, WIDTH, seed=3)


def brute_force(score: Tensor, value: Tensor, beta: float, X: Tensor) -> tuple[Tensor, Tensor]:
    """Energy and flow of one member's state, pair by pair."""
    energy, flow = torch.zeros((), dtype=X.dtype), torch.zeros_like(X)
    for A, B in zip(score, value, strict=True):
        for i, x in enumerate(X):
            weights = torch.stack([torch.exp(beta * x @ A @ y) for y in X])
            energy = energy - weights.sum() / (2 * beta)
            flow[i] = flow[i] + B.T @ (weights @ X) / weights.sum()
    return energy, flow


@pytest.mark.parametrize("beta", [0.25, 1.0, 3.0])
def test_energy_and_flow_are_the_sums_over_pairs(score, value, state, beta):
    logs, flow = log_energy(score, beta, state), attention_flow(score, value, beta, state)
    for member in range(MEMBERS):
        for place in range(BATCH):
            energy, expected = brute_force(score[member], value[member], beta, state[member, place])
            torch.testing.assert_close(-logs[member, place].exp(), energy, rtol=1e-12, atol=0)
            torch.testing.assert_close(flow[member, place], expected, rtol=1e-11, atol=1e-13)


def test_shares_sum_to_one_and_rows_of_attention_too(score, state):
    found = pairs(score, 4.0, state)
    ones = torch.ones(MEMBERS, BATCH, dtype=torch.float64)
    torch.testing.assert_close(found.shares.sum(dim=(-3, -2, -1)), ones)
    torch.testing.assert_close(found.attention.sum(-1), torch.ones(MEMBERS, BATCH, HEADS, TOKENS).double())


@pytest.mark.parametrize("beta", [0.25, 1.0, 16.0])
def test_the_gradient_is_that_of_autograd(score, state, beta):
    moving = state.clone().requires_grad_()
    (expected,) = torch.autograd.grad(log_energy(score, beta, moving).sum(), moving)
    # E = -exp(log), so that grad E / |E| = -grad log
    torch.testing.assert_close(relative_gradient(score, beta, state), -expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("projected", [False, True])
def test_the_rate_is_that_of_the_energy_along_the_flow(score, value, state, projected):
    beta = 2.0
    force = attention_flow(score, value, beta, state)
    velocity = on_tangents(state, force) if projected else force
    rate = energy_rate(score, beta, state, force, projected)
    step = 1e-6
    ahead, behind = (log_energy(score, beta, state + sign * step * velocity) for sign in (1, -1))
    torch.testing.assert_close(rate.relative, -(ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7)
    gradient = relative_gradient(score, beta, state)
    largest = (gradient.norm(dim=-1) * force.norm(dim=-1)).sum(-1)
    torch.testing.assert_close(rate.balance * largest, rate.relative)
    assert bool((rate.balance.abs() <= 1).all())


def test_projected_flows_keep_the_length_of_tokens(state, score, value):
    velocity = on_tangents(state, attention_flow(score, value, 1.0, state))
    torch.testing.assert_close((velocity * state).sum(-1), torch.zeros(MEMBERS, BATCH, TOKENS).double())


def test_symmetric_scores_move_tokens_straight_downhill(score, state):
    symmetric = (score + score.mT)[:, :1] / 2
    rate = energy_rate(symmetric, 3.0, state, attention_flow(symmetric, symmetric, 3.0, state), False)
    assert bool((rate.relative < 0).all())
    gradient = relative_gradient(symmetric, 3.0, state)
    attended = pairs(symmetric, 3.0, state).attention[:, :, 0] @ state
    rows = pairs(symmetric, 3.0, state).rows[:, :, 0, :, None]
    expected = -2 * 3.0 * rows * (attended @ symmetric[:, 0][:, None])
    torch.testing.assert_close(gradient, expected, rtol=1e-11, atol=1e-13)


def test_a_large_inverse_temperature_neither_overflows_nor_loses_the_sign(score, state):
    symmetric = (score + score.mT)[:, :1] / 2
    rate = energy_rate(symmetric, 4096.0, state, attention_flow(symmetric, symmetric, 4096.0, state), False)
    assert bool(torch.isfinite(rate.relative).all())
    assert bool((rate.balance < 0).all())


def test_one_token_has_the_energy_of_its_own_score(score):
    token = normal(MEMBERS, 1, 1, WIDTH, seed=9)
    own = torch.einsum("ma,mab,mb->m", token[:, 0, 0], score[:, 0], token[:, 0, 0])
    torch.testing.assert_close(log_energy(score[:, :1], 0.5, token)[:, 0], 0.5 * own - math.log(1.0))


def test_a_state_at_rest_has_no_rate():
    still = torch.zeros(1, 1, 3, 4, dtype=torch.float64)
    identity = torch.eye(4, dtype=torch.float64)[None, None]
    rate = energy_rate(identity, 1.0, still, attention_flow(identity, identity, 1.0, still), False)
    assert rate.relative.item() == 0
    assert rate.balance.item() == 0


def test_matrices_of_weights_give_the_scores_of_query_and_key():
    weights = normal(4, MEMBERS, HEADS, 3, WIDTH, seed=5)
    x, y = normal(2, WIDTH, seed=6)
    A, B = score_matrices(weights[0], weights[1])[1, 1], value_matrices(weights[2], weights[3])[1, 1]
    torch.testing.assert_close(x @ A @ y, (weights[0, 1, 1] @ x) @ (weights[1, 1, 1] @ y))
    torch.testing.assert_close(x @ B, weights[3, 1, 1].T @ (weights[2, 1, 1] @ x))
