"""The closed plateau against the machine's own likelihood and gradient, and against long descents."""

import math

import numpy as np
import pytest
import torch

from widthscope.boltzmann import plateau as theory
from widthscope.boltzmann.training import likelihood_gradients

NORM = 64.0


def machine(orders: list[int], with_bias: bool = False) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The stationary weights written out pattern by pattern, and the patterns, in float64."""
    patterns = math.sqrt(NORM) * torch.eye(sum(orders), dtype=torch.float64)
    owners = torch.repeat_interleave(torch.arange(len(orders)), torch.tensor(orders))
    sums = torch.zeros(len(orders), sum(orders), dtype=torch.float64).index_add_(0, owners, patterns)
    if with_bias:
        share = torch.tensor(orders, dtype=torch.float64)
        weights = sums / share[:, None]
        bias = (share / share.sum()).log() - weights.square().sum(1) / 2
        return {"weights": weights[None], "hidden_bias": bias[None]}, patterns[None]
    amplitudes = torch.tensor(theory.plateau(orders, NORM).amplitudes)
    return {"weights": (amplitudes[:, None] * sums)[None]}, patterns[None]


CASES = ([1] * 6, [2, 1, 1, 1, 1], [3, 2, 1], [2, 2, 2], [6])


@pytest.mark.parametrize("orders", CASES, ids=str)
def test_the_plateau_is_a_stationary_point_with_this_likelihood(orders):
    parameters, patterns = machine(orders)
    losses, gradients = likelihood_gradients(parameters, patterns)
    constant = patterns.shape[-1] * math.log(2 * math.pi) / 2
    assert float(losses) - constant == pytest.approx(theory.plateau(orders, NORM).nll, abs=1e-3)
    assert float(gradients["weights"].abs().max()) < 1e-3  # responsibilities are 1 but for exp(-V s^2 / 2)


@pytest.mark.parametrize("orders", CASES, ids=str)
def test_the_plateau_with_a_bias_has_this_likelihood(orders):
    parameters, patterns = machine(orders, with_bias=True)
    losses, gradients = likelihood_gradients(parameters, patterns)
    constant = patterns.shape[-1] * math.log(2 * math.pi) / 2
    assert float(losses) - constant == pytest.approx(theory.nll_with_bias(orders, NORM), abs=1e-3)
    assert max(float(value.abs().max()) for value in gradients.values()) < 1e-3


@pytest.mark.parametrize("orders", CASES, ids=str)
def test_amplitudes_satisfy_every_equation(orders):
    found, q, patterns = theory.plateau(orders, NORM), np.array(orders), sum(orders)
    left = q * found.amplitudes**2 * NORM / 2 + np.log(patterns * found.amplitudes)
    assert left == pytest.approx(np.full(len(q), found.log_norm), abs=1e-10)
    assert found.weights.sum() == pytest.approx(1, abs=1e-12)
    assert found.weights == pytest.approx(np.exp(q * found.amplitudes**2 * NORM / 2 - found.log_norm))


def test_single_patterns_reach_the_optimum_at_any_size():
    for patterns, norm in ((1, 2.0), (16, 64.0), (200, 784.0)):
        orders = [1] * patterns
        assert theory.plateau(orders, norm).nll == pytest.approx(math.log(patterns), abs=1e-9)
        assert theory.approximate_nll(orders, norm) == pytest.approx(math.log(patterns))
        assert theory.nll_with_bias(orders, norm) == pytest.approx(math.log(patterns))


def test_the_published_size_with_a_fifth_of_its_patterns_in_pairs():
    orders = [1] * 160 + [2] * 20
    found = theory.plateau(orders, 784)
    assert found.nll == pytest.approx(49.77, abs=5e-3)
    assert found.amplitudes[[0, -1]] == pytest.approx([0.941, 0.666], abs=5e-4)
    assert theory.approximate_nll(orders, 784) == pytest.approx(found.nll, abs=0.29)


def test_the_share_of_pairs_is_read_off_a_plateau():
    assert theory.paired_share(70.08, 200, 784) == pytest.approx(0.295, abs=5e-4)
    orders = [1] * 12 + [2] * 2
    assert theory.paired_share(theory.approximate_nll(orders, NORM), 16, NORM) == pytest.approx(0.25)
    assert theory.paired_share(math.log(16), 16, NORM) == pytest.approx(0, abs=1e-9)


def test_merges_cost_more_than_log_p_and_larger_ones_more():
    losses = [theory.plateau(orders, NORM).nll for orders in ([1] * 6, [2, 1, 1, 1, 1], [2, 2, 1, 1], [3, 3])]
    assert losses == sorted(losses)


def test_orders_are_counted_from_owners():
    assert theory.orders_of([7, 2, 7, 7, 0]).tolist() == [1, 1, 3]


@pytest.mark.parametrize("orders", [[], [0, 1], [1.5], [[1, 1]]], ids=str)
def test_wrong_orders_are_named(orders):
    with pytest.raises(theory.OrdersError, match="must be one or more whole numbers, each at least 1"):
        theory.plateau(orders, NORM)


def test_a_likelihood_beyond_all_pairs_and_a_norm_of_zero_are_named():
    with pytest.raises(theory.OrdersError, match=r"from 2\.773 to 18\.4"):
        theory.paired_share(2.0, 16, NORM)
    with pytest.raises(theory.OrdersError, match="squared norm 0"):
        theory.plateau([1, 1], 0)
