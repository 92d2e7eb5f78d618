import itertools

import pytest
import torch
from tests.path_theory.tasks import F64, UNEQUAL, generator, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory import memory_limit
from widthscope.path_theory.entropy import readout_gradient
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import (
    eliminated_readout,
    gaussian_process,
    head_scores,
    layer_update,
    over_heads,
    partial_trace,
)


def test_infinite_width_multiplies_the_variances_above():
    order = gaussian_process(UNEQUAL)
    assert order.readout == 0.9
    torch.testing.assert_close(order.matrices[1], 1.5 * 0.9 * torch.eye(3, dtype=F64))
    torch.testing.assert_close(order.path_weights, 0.7 * 1.5 * 0.9 * torch.eye(6, dtype=F64))


def test_partial_trace_is_over_the_slowest_index():
    U = torch.randn(2, 6, 6, generator=generator(1), dtype=F64)
    torch.testing.assert_close(partial_trace(U, 2), U[:, :3, :3] + U[:, 3:, 3:])
    torch.testing.assert_close(partial_trace(U, 6).flatten(), U.diagonal(dim1=1, dim2=2).sum(-1))
    torch.testing.assert_close(partial_trace(U, 1), U)
    with pytest.raises(PosteriorError, match="4 heads"):
        partial_trace(U, 4)


def test_over_heads_is_a_kronecker_product():
    U = torch.randn(3, 3, generator=generator(1), dtype=F64)
    torch.testing.assert_close(over_heads(U, 2), torch.kron(torch.eye(2, dtype=F64), U))


def test_partial_trace_and_over_heads_are_transposes():
    big, small = positive(6, 1), positive(3, 2)
    torch.testing.assert_close((partial_trace(big, 2) * small).sum(), (big * over_heads(small, 2)).sum())


@pytest.mark.parametrize("widths", [(12, 20, 8), (12, 1, 800), (5, 5, 5)])
def test_eliminated_readout_makes_the_action_stationary(widths):
    network = Network((2, 3), widths, UNEQUAL.variances)
    matrices = (positive(6), positive(3))
    u = eliminated_readout(matrices[1].trace(), network)
    assert u > 0
    assert float(readout_gradient(network, u, matrices[1])) == pytest.approx(0.0, abs=1e-11 * max(widths))


@pytest.mark.parametrize("widths", [(12, 20, 8), (3, 40, 8), (40, 3, 8), (10, 20, 7)])
def test_layer_update_solves_its_matrix_quadratic(widths):
    """N_l [M^-1 - U^-1] + N_{l-1} [H_{l-1} U^-1 - U^-1 p U^-1 / s_{l-1}] = 0, times U on both sides."""
    network = Network((2, 3), widths, UNEQUAL.variances)
    below, u = positive(6), 0.8
    U = layer_update(2, below, u, network)
    first, second = widths[:2]
    quadratic = second * (U @ U / (1.5 * u) - U) + first * (2 * U - partial_trace(below, 2) / 0.7)
    torch.testing.assert_close(quadratic, torch.zeros(3, 3, dtype=F64), rtol=0, atol=1e-12 * max(widths))
    assert torch.linalg.eigvalsh(U)[0] > 0


def test_layer_update_between_two_layers():
    network = Network((2, 3, 2), (9, 14, 6, 11), (1.1, 0.8, 1.2, 1.4, 0.9))
    below, above = positive(12, 3), positive(2, 4)
    U = layer_update(2, below, above, network)
    inverse = torch.linalg.inv(U)
    M = 1.2 * torch.kron(torch.eye(3, dtype=F64), above)
    gradient = 14 * (torch.linalg.inv(M) - inverse)
    gradient += 9 * (2 * inverse - inverse @ partial_trace(below, 2) @ inverse / 0.8)
    assert gradient.abs().max() < 1e-10
    with pytest.raises(PosteriorError, match="layers 2 to 3, not 1"):
        layer_update(1, below, above, network)


@pytest.mark.parametrize("heads", [(3,), (2, 3), (2, 3, 2)])
def test_head_scores_count_every_entry_once(heads):
    paths = list(itertools.product(*(range(h) for h in heads)))
    draws = torch.randn(len(paths), len(paths), generator=generator(1), dtype=F64)
    U = draws + draws.mT  # an order parameter is symmetric, and another matrix is refused
    expected = [
        [
            sum(
                abs(float(U[i, j]))
                for (i, one), (j, other) in itertools.product(enumerate(paths), enumerate(paths))
                if one[layer] == head or other[layer] == head
            )
            for head in range(heads[layer])
        ]
        for layer in range(len(heads))
    ]
    largest = max(max(row) for row in expected)
    for found, row in zip(head_scores(U, heads), expected, strict=True):
        torch.testing.assert_close(found, torch.tensor(row, dtype=F64) / largest)


def test_equal_paths_have_equal_scores_and_a_wrong_size_is_refused():
    assert all(bool((score == 1).all()) for score in head_scores(torch.eye(4, dtype=F64), (2, 2)))
    with pytest.raises(PosteriorError, match="6 paths"):
        head_scores(torch.eye(4), (2, 3))


def test_scores_are_of_tensors_arrays_and_lists():
    U = positive(4)
    expected = torch.cat(head_scores(U, (2, 2)))
    for given in (U.numpy(), U.tolist()):
        torch.testing.assert_close(torch.cat(head_scores(given, [2, 2])), expected, rtol=0, atol=0)
    single = head_scores(U.float(), (2, 2))
    assert all(score.dtype == F64 for score in single)
    torch.testing.assert_close(torch.cat(single), expected, rtol=1e-6, atol=0)


@pytest.mark.parametrize(
    ("U", "heads", "said"),
    [
        (gaussian_process(UNEQUAL), (2, 3), "not a whole OrderParameters: say `solution.path_weights`"),
        (torch.eye(3), (2, 2), r"heads \(2, 2\) have 4 paths; U is \(3, 3\)"),
        (torch.eye(3).tolist(), (2, 2), r"shape \(..., 4, 4\), not \(3, 3\)"),
        (torch.eye(4) * float("nan"), (2, 2), "the order parameters are not all finite"),
        (torch.arange(16.0).view(4, 4), (2, 2), "symmetric matrices, and these differ .* by 9"),
        (torch.zeros(4, 4), (2, 2), "not all 0"),
        (torch.eye(4).expand(2, 4, 4).tolist(), (2, 2), r"one matrix U \(4, 4\)"),
        (torch.eye(4), UNEQUAL, r"heads are whole numbers above 0, one a layer, for example \(2, 2\)"),
        ([[1.0, 2.0], [1.0]], (2,), "order parameters are a tensor, a NumPy array or lists of numbers"),
        (torch.eye(2, dtype=torch.complex64), (2,), "order parameters are real numbers, not torch.complex64"),
    ],
)
def test_what_has_no_scores_is_refused(U, heads, said):
    with pytest.raises(PosteriorError, match=said):
        head_scores(U, heads)


def test_order_parameters_that_do_not_fit_are_refused(monkeypatch):
    monkeypatch.setattr(memory_limit, "available_bytes", lambda: 10**9)
    with pytest.raises(PosteriorError, match=r"heads \(8, 8, 8, 8, 8\)\) would take 34\.4 GB"):
        gaussian_process(Network.equal((8, 8, 8, 8, 8), 10))
