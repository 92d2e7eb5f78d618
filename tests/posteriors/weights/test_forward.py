"""The network by its definition, and as a sum over paths."""

import itertools

import pytest
import torch
from tests.posteriors.weights.oracles import path_forward, prior_weights, token_forward

from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.inputs import Readout, path_inputs
from widthscope.path_theory.network import Network
from widthscope.posteriors.weights.forward import effective_weights, order_parameter, shapes
from widthscope.posteriors.weights.gibbs import BlockGibbs

NETWORKS = {
    "one head": Network((1,), (3, 4)),
    "one layer": Network((3,), (5, 2), (1.3, 0.7, 2.0)),
    "unequal": Network((3, 2), (6, 4, 5), (1.2, 0.8, 1.4, 0.9)),
    "three layers": Network((2, 3, 2), (3, 5, 4, 6)),
}


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("readout", ["last", "first", "mean"])
@pytest.mark.parametrize("name", NETWORKS)
def test_sum_over_paths_is_the_literal_forward_pass(name: str, readout: Readout) -> None:
    network, tokens = NETWORKS[name], drawn(5, 4, 3)
    attentions = [
        attention_matrices(tokens, drawn(heads, 3, 3, seed=layer))
        for layer, heads in enumerate(network.heads)
    ]
    weights = prior_weights(network, 3, torch.Generator().manual_seed(1))
    literal = token_forward(weights, tokens, attentions, readout)
    summed = path_forward(weights, path_inputs(tokens, attentions, readout))
    torch.testing.assert_close(summed, literal, rtol=1e-12, atol=1e-12)


def test_effective_weights_are_products_along_each_path_with_the_first_head_slowest() -> None:
    network = NETWORKS["unequal"]
    first, values_1, values_2, readout = prior_weights(network, 3, torch.Generator().manual_seed(2))
    found = effective_weights([first, values_1, values_2, readout])
    rows = [
        readout[0, 0] @ values_2[h2] @ values_1[h1] / (5 * 4) ** 0.5
        for h1, h2 in itertools.product(range(3), range(2))
    ]
    torch.testing.assert_close(found[0], torch.stack(rows))
    assert [tuple(each.shape) for each in found] == [(6, 6), (2, 4), (1, 5)]
    overlaps = torch.stack(rows) @ torch.stack(rows).mT / 6
    torch.testing.assert_close(order_parameter([first, values_1, values_2, readout]), overlaps)


def test_weights_have_the_shapes_and_variances_of_the_prior() -> None:
    network = NETWORKS["unequal"]
    weights = BlockGibbs(torch.zeros(1, 0, 6, 7), 1.0, network, 4000, [("prior",)]).start()
    assert shapes(network, 7) == [(1, 6, 7), (3, 4, 6), (2, 5, 4), (1, 1, 5)]
    for values, variance in zip(weights, network.variances or (), strict=True):
        squares = values[0].square().flatten(1).mean(1)
        assert abs(float(squares.mean()) - variance) < 5 * float(squares.std()) / 4000**0.5
