"""Monitors of recurrent attention against sums over tokens and dense Jacobians."""

import pytest
import torch
from torch import Tensor

from widthscope.attention.pseudo_energy import (
    MonitorError,
    attention_alignment,
    contribution_index,
    cosine,
    frozen_attended,
    pseudo_energy,
)
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.rule import Rule

MEMBERS, BATCH, HEADS, HEAD_DIM, TOKENS, WIDTH = 2, 2, 2, 3, 4, 6
RULE = Rule()


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def parameters() -> dict[str, Tensor]:
    shape = (MEMBERS, HEADS, HEAD_DIM, WIDTH)
    weights = {name: normal(*shape, seed=k) for k, name in enumerate(("query", "key", "value", "output"))}
    return weights | {"output_bias": normal(MEMBERS, WIDTH, seed=4)}


@pytest.fixture
def state() -> Tensor:
    return normal(MEMBERS, BATCH, TOKENS, WIDTH, seed=5)


def test_pseudo_energy_is_minus_the_trace(parameters, state):
    drive = normal(MEMBERS, BATCH, TOKENS, WIDTH, seed=6)
    attention = attended(RULE, parameters, state)
    found = pseudo_energy(state, drive, attention)
    for member in range(MEMBERS):
        for place in range(BATCH):
            trace = torch.trace(state[member, place].T @ (drive + attention)[member, place])
            torch.testing.assert_close(found[member, place], -trace)


def test_alignment_is_the_cosine_with_the_dense_jacobian_without_the_bias(parameters, state):
    unbiased = {name: value for name, value in parameters.items() if name != "output_bias"}
    found = attention_alignment(RULE, parameters, state)
    for place in range(BATCH):
        one = state[:, place : place + 1]
        dense = torch.autograd.functional.jacobian(lambda X: attended(RULE, unbiased, X), one)
        for member in range(MEMBERS):
            block = dense[member, 0, :, :, member, 0].reshape(TOKENS * WIDTH, TOKENS * WIDTH)
            applied = (block @ one[member, 0].flatten()).reshape(TOKENS, WIDTH)
            expected = cosine(attended(RULE, unbiased, one)[member, 0], applied)
            torch.testing.assert_close(found[member, place], expected)


def test_uniform_attention_is_linear_and_aligned(parameters, state):
    flat = parameters | {"query": torch.zeros_like(parameters["query"])}
    torch.testing.assert_close(attention_alignment(RULE, flat, state), torch.ones(MEMBERS, BATCH).double())


def test_frozen_attention_is_attention_at_its_own_state_and_linear_elsewhere(parameters, state):
    torch.testing.assert_close(
        frozen_attended(RULE, parameters, state, state), attended(RULE, parameters, state)
    )
    unbiased = {name: value for name, value in parameters.items() if name != "output_bias"}
    other = normal(MEMBERS, BATCH, TOKENS, WIDTH, seed=7)
    both, left, right = (
        frozen_attended(RULE, unbiased, state, X) for X in (state + 3 * other, state, 3 * other)
    )
    torch.testing.assert_close(both, left + right)


def test_the_leading_eigenvectors_hold_a_state_made_of_them():
    jacobian = normal(TOKENS * WIDTH, TOKENS * WIDTH, seed=8)
    vectors = torch.linalg.eigh(jacobian + jacobian.T).eigenvectors
    inside = (vectors[:, -2:] @ torch.tensor([3.0, 4.0], dtype=torch.float64)).reshape(TOKENS, WIDTH)
    outside = vectors[:, 0].reshape(TOKENS, WIDTH)
    share, chance = contribution_index(jacobian, torch.stack([inside, outside]), share=2 / 24)
    torch.testing.assert_close(share, torch.tensor([1.0, 0.0], dtype=torch.float64), atol=1e-12, rtol=0)
    assert chance == 2 / 24


def test_a_random_state_has_the_share_of_chance():
    jacobian = normal(TOKENS * WIDTH, TOKENS * WIDTH, seed=9)
    share, chance = contribution_index(jacobian, normal(4000, TOKENS, WIDTH, seed=10), share=0.25)
    assert chance == 0.25
    assert abs(share.mean().item() - chance) < 4 * share.std().item() / 4000**0.5


@pytest.mark.parametrize(("size", "share"), [(23, 0.02), (24, 0.0), (24, 1.5)])
def test_what_does_not_fit_is_refused_in_a_sentence(size, share):
    with pytest.raises(MonitorError, match="24 x 24, not 23 x 23" if size == 23 else "above 0 and at most 1"):
        contribution_index(torch.eye(size), torch.ones(TOKENS, WIDTH), share)
