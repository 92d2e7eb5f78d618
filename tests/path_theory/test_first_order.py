import numpy as np
import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, gaussian_paths, posed, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory.first_order import first_order, first_order_path_weights, predictor_shift
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.prediction import gaussian_process_prediction, predict

WIDTHS = (10**4, 10**5, 10**6)


def gaps(heads):
    """Relative distance to the limit of N (U - I), right and without the trace, and of N (m - m_GP)."""
    task = posed(Network.equal(heads, 10))
    tests, _ = gaussian_paths(heads, 15, 10, seed=8)
    X, wrong = (first_order_path_weights(task, kept) for kept in (True, False))
    shift = predictor_shift(task, X, tests)
    limit = gaussian_process_prediction(task, tests).mean
    found = []
    for width in WIDTHS:
        there = task.at(network=Network.equal(heads, width))
        U = minimise(there).path_weights
        moved = width * (U - torch.eye(len(U), dtype=F64))
        mean = width * (predict(there, U, tests).mean - limit)
        found.append(
            [
                float((moved - X).norm() / X.norm()),
                float((mean - shift).norm() / shift.norm()),
                float((moved - wrong).norm() / wrong.norm()),
            ]
        )
    return np.array(found)


@pytest.mark.parametrize("heads", [(3,), (2, 2), (2, 2, 2), (2, 3, 2)])
def test_the_gap_to_first_order_falls_as_one_over_the_width(heads):
    found = gaps(heads)
    slopes = np.log10(found[2, :2] / found[0, :2]) / 2
    np.testing.assert_allclose(slopes, -1.0, atol=0.02)
    assert found[2, :2].max() < 1e-4
    assert found[:, 2].min() > 0.05  # without the fluctuations of the readout the limit is another one


def test_terms_of_two_layers_by_kronecker_products():
    E = positive(6)
    below = E[:3, :3] + E[3:, 3:]
    eye = torch.eye(6, dtype=F64)
    expected = -(E + torch.kron(torch.eye(2, dtype=F64), below) + E.trace() * eye)
    torch.testing.assert_close(first_order(E, (2, 3)), expected)
    torch.testing.assert_close(first_order(E, (2, 3), trace_term=False), expected + E.trace() * eye)


def test_one_head_in_each_of_three_layers_counts_every_layer():
    E = torch.tensor([[2.0]], dtype=F64)
    torch.testing.assert_close(first_order(E, (1, 1, 1)), -4.0 * E)


def test_what_the_formula_is_not_for_is_refused():
    with pytest.raises(PosteriorError, match="equal widths"):
        first_order_path_weights(posed(UNEQUAL))
    with pytest.raises(PosteriorError, match="4 paths"):
        first_order(positive(8), (2, 2))
