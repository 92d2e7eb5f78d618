"""Coordinates of the order parameters: against drawn weights, against scipy's laws, at one head."""

import numpy as np
import pytest
import torch
from scipy import stats

from widthscope.errors import PosteriorError
from widthscope.path_theory.network import Network
from widthscope.posteriors.collapsed.coordinates import Coordinates

NETWORK = Network((2, 3), (12, 5, 8), (1.3, 0.7, 1.5, 0.9))


def prior_draws(network: Network, count: int, seed: int = 0) -> torch.Tensor:
    """Coordinates drawn from the prior: logarithms of chi variables on the diagonals, normal elsewhere."""
    coordinates, random = Coordinates(network), np.random.default_rng(seed)

    def log_chi(degrees: int) -> np.ndarray:
        return np.log(np.sqrt(random.chisquare(degrees, count) / degrees)) * np.sqrt(2 * degrees)

    columns = [log_chi(network.widths[-1])]
    for width, size in reversed(list(zip(network.widths[:-1], network.sizes, strict=True))):
        columns += [log_chi(width - place) for place in range(size)]
        columns += list(random.normal(size=(size * (size - 1) // 2, count)))
    assert len(columns) == coordinates.dimension
    return torch.tensor(np.stack(columns, axis=1))


def order_parameters_of_weights(network: Network, count: int) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """u and U_L, ..., U_1 of weights drawn from the prior, by their definition."""
    generator = torch.Generator().manual_seed(1)
    *hidden, readout = network.widths
    assert network.variances is not None
    _, *values, last = network.variances

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(count, *shape, generator=generator, dtype=torch.float64)

    rows = last**0.5 * normal(1, readout)
    found, width_above = [], readout
    readout_parameter = rows.square().mean((1, 2))
    for heads, width, variance in reversed(list(zip(network.heads, hidden, values, strict=True))):
        matrices = variance**0.5 * normal(heads, width_above, width)
        rows = (rows[:, None] @ matrices / width_above**0.5).flatten(1, 2)
        found.append(rows @ rows.mT / width)
        width_above = width
    return readout_parameter, found


def test_the_map_gives_the_law_of_products_of_weights():
    count = 40_000
    readout, matrices = Coordinates(NETWORK).order_parameters(prior_draws(NETWORK, count))
    expected, upward = order_parameters_of_weights(NETWORK, count)
    assert stats.ks_2samp(readout, expected).pvalue > 1e-3
    for found, drawn in zip(matrices, reversed(upward), strict=True):
        size = found.shape[-1]
        for row, column in [(0, 0), (size - 1, size - 1), (size - 1, 0), (size // 2, size // 2 - 1)]:
            assert stats.ks_2samp(found[:, row, column], drawn[:, row, column]).pvalue > 1e-3
        log_determinants = [torch.linalg.slogdet(one).logabsdet for one in (found, drawn)]
        assert stats.ks_2samp(*log_determinants).pvalue > 1e-3


def test_the_prior_density_is_that_of_the_drawn_variables():
    z = torch.tensor([[0.3, -0.8, 0.1, 1.2], [0.0, 0.4, -0.2, -0.7]], dtype=torch.float64)
    found = Coordinates(Network((2,), (7, 5))).log_prior(z)

    def log_density(point: np.ndarray) -> float:
        chis = [(5, point[0]), (7, point[1]), (6, point[2])]
        of_chi = sum(
            stats.chi(k).logpdf(c := np.sqrt(k) * np.exp(eta / np.sqrt(2 * k))) + np.log(c) for k, eta in chis
        )
        return of_chi + stats.norm.logpdf(point[3])

    expected = [log_density(point) - log_density(np.zeros(4)) for point in z.numpy()]
    assert found.numpy() == pytest.approx(expected, abs=1e-12)


def test_at_the_prior_s_centre_a_single_head_has_the_prior_mean():
    network = Network((1, 1), (9, 4, 6), (2.0, 0.5, 3.0, 1.5))
    readout, matrices = Coordinates(network).order_parameters(torch.zeros(3, dtype=torch.float64))
    assert float(readout) == pytest.approx(1.5)
    assert [float(matrix) for matrix in matrices] == pytest.approx([0.5 * 3.0 * 1.5, 3.0 * 1.5])


def test_factors_are_triangular_and_batches_are_rows():
    z = prior_draws(NETWORK, 5)
    coordinates = Coordinates(NETWORK)
    readout, factors = coordinates.factors(z.reshape(5, 1, -1))
    assert readout.shape == (5, 1)
    assert [tuple(one.shape) for one in factors] == [(5, 1, 6, 6), (5, 1, 3, 3)]
    for one in factors:
        assert torch.equal(one, one.tril())
        assert (one.diagonal(dim1=-2, dim2=-1) > 0).all()
    alone = coordinates.order_parameters(z[3])[1][0]
    assert coordinates.order_parameters(z)[1][0][3].numpy() == pytest.approx(alone.numpy(), abs=1e-14)


def test_a_layer_narrower_than_its_order_parameter_is_refused():
    with pytest.raises(PosteriorError, match="layer 1 has width 3, and its order parameter is 4 x 4"):
        Coordinates(Network((2, 2), (3, 8, 8)))
