import numpy as np
import pytest
import torch
from scipy import stats

from widthscope.attention import masks
from widthscope.attention.gram_chain import (
    Block,
    finite_chain,
    limit_chain,
    naive_chain,
    symmetric_root,
    token_correlation,
)
from widthscope.attention.softmax_moments import limit_moments

BLOCKS = [Block(2), Block(2, skip=0.8), Block(2, skip=1.0, normalise=True)]


def generator(seed):
    return torch.Generator().manual_seed(seed)


def identity(draws, tokens=4):
    return torch.eye(tokens, dtype=torch.float64).expand(draws, tokens, tokens)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("mask", [None, masks.causal(3)])
def test_finite_chain_has_the_law_of_a_naive_two_layer_net(block, mask):
    draws, tokens, width = 6000, 3, 12
    X = torch.randn(tokens, width, generator=generator(0), dtype=torch.float64)
    start = (X @ X.T / width).expand(draws, tokens, tokens)
    naive = list(naive_chain(X.expand(draws, tokens, width), 2, block, generator(1), mask=mask))[-1]
    exact = list(finite_chain(start, 2, width, block, generator(2), mask=mask))[-1]
    for pick in (
        lambda layer: layer.gram[:, 0, 1],
        lambda layer: layer.gram[:, 1, 1] + layer.gram[:, 1, 2],
        lambda layer: torch.linalg.det(layer.gram),
        lambda layer: layer.covariance[:, 0, 0],
        lambda layer: layer.covariance[:, 1, 2],
    ):
        first, second = (pick(layer).numpy().round(9) for layer in (naive, exact))
        assert stats.ks_2samp(first, second).pvalue > 3e-4


def test_limit_chain_collapses_without_a_skip_and_not_with_one():
    bare = [token_correlation(c.gram).mean() for c in limit_chain(identity(6000), 3, Block(2), generator(1))]
    assert [float(c) for c in bare] == pytest.approx([0.655, 0.997, 1.0], abs=6e-3)
    block = Block(2, skip=1.0, normalise=True)
    kept = [token_correlation(c.gram).mean() for c in limit_chain(identity(6000), 6, block, generator(2))]
    assert [float(c) for c in kept] == pytest.approx([0.180, 0.392, 0.597, 0.760, 0.867, 0.930], abs=6e-3)


def test_first_layer_is_the_single_layer_law():
    layer = next(limit_chain(identity(60_000), 1, Block(1), generator(3)))
    variance = layer.covariance[:, 0, 0].numpy()
    exact = limit_moments(1, 0, 4)
    assert abs(variance.mean() - exact.mean) < 4 * variance.std() / np.sqrt(len(variance))
    torch.testing.assert_close(layer.gram, layer.covariance)


def test_gap_to_the_limit_falls_as_one_over_width():
    block = Block(2, skip=1.0)

    def mean_gram(chain):
        return list(chain)[-1].gram.diagonal(dim1=1, dim2=2).square().mean()

    limit = mean_gram(limit_chain(identity(30_000), 2, block, generator(4)))
    gaps = [
        float(mean_gram(finite_chain(identity(30_000), 2, n, block, generator(n))) - limit) for n in (8, 32)
    ]
    assert gaps[0] / gaps[1] == pytest.approx(4, rel=0.35)


def test_identical_tokens_stay_identical_and_finite():
    ones = torch.ones(50, 3, 3, dtype=torch.float64)
    for layer in finite_chain(ones, 3, 16, Block(2), generator(5)):
        torch.testing.assert_close(layer.gram, layer.gram[:, :1, :1].expand(50, 3, 3))
    torch.testing.assert_close(token_correlation(layer.gram), torch.ones(50, dtype=torch.float64))


def test_normalised_tokens_have_unit_mean_square():
    layer = next(finite_chain(identity(20), 1, 16, Block(1, skip=1.0, normalise=True), generator(6)))
    torch.testing.assert_close(layer.gram.diagonal(dim1=1, dim2=2), torch.ones(20, 4, dtype=torch.float64))


def test_symmetric_root_clips_rounding():
    K = torch.tensor([[[1.0, 1.0], [1.0, 1.0 - 1e-17]]], dtype=torch.float64)
    L = symmetric_root(K)
    torch.testing.assert_close(L @ L.mT, K)


def test_refuses_narrow_layers_and_shapes():
    with pytest.raises(ValueError, match="twice"):
        next(finite_chain(identity(5), 1, 7, Block(1), generator(0)))
    with pytest.raises(ValueError, match="shape"):
        next(limit_chain(torch.eye(3), 1, Block(1), generator(0)))
