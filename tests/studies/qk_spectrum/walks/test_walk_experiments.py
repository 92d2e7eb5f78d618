"""Draws of walks, against dense brute force and against themselves cut differently."""

import numpy as np
import pytest
import torch

from widthscope.studies.qk_spectrum.walks import moments, profiles, rho, sampling
from widthscope.studies.qk_spectrum.walks.theory import Summaries, two_valued_spectrum
from widthscope.work import Work


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_tokens_are_sums_of_steps_with_the_right_covariance():
    positions = [1, 3, 8]
    x = sampling.walk_tokens(40_000, 2, positions, generator(), "cpu").double()
    flat = x.reshape(len(x), -1)
    covariance = (flat.mT @ flat / len(x)).numpy()
    expected = np.kron(np.minimum.outer(positions, positions), np.eye(2))
    assert covariance == pytest.approx(expected, abs=5 * 8 * np.sqrt(2 / 40_000))


def test_diagonal_scores_are_bilinear_forms():
    x = torch.randn((5, 4, 3), generator=generator(), dtype=torch.float64)
    spectra = torch.randn((2, 3), generator=generator(1), dtype=torch.float64)
    found = sampling.diagonal_scores(x, x[:, -1], spectra)
    for number, eigenvalues in enumerate(spectra):
        expected = torch.einsum("ni,i,nti->nt", x[:, -1], eigenvalues, x)
        assert torch.allclose(found[..., number], expected)


def test_propagation_is_strictly_inside():
    scores = torch.tensor([-1.0, -0.999, 0.0, 6.999, 7.0])
    assert sampling.propagates(scores, 8).tolist() == [False, True, True, True, False]


def test_chunks_hold_every_walk_once():
    assert sampling.chunk_sizes(10, sampling.CHUNK_NUMBERS // 4) == [4, 4, 2]
    assert sampling.chunk_sizes(3, 10 * sampling.CHUNK_NUMBERS) == [1, 1, 1]


def test_moment_matrices_are_what_they_are_called():
    kinds = moments.matrices(12)
    assert np.allclose(kinds["symmetric"][0], kinds["symmetric"][0].T)
    assert np.linalg.matrix_rank(kinds["low rank"][0]) == moments.LOW_RANK
    sizes = np.linalg.eigvalsh(kinds["anisotropic"][1])
    assert sizes.max() / sizes.min() == pytest.approx(moments.SPREAD)
    for W, covariance in kinds.values():
        found = Summaries.of(W, covariance)
        assert found.xi > 0
        assert found.eta1 > 0


def test_anisotropic_steps_are_isotropic_ones_seen_through_a_root():
    W, covariance = moments.matrices(6)["anisotropic"]
    seen, own = Summaries.of(moments._on_isotropic_steps(W, covariance)), Summaries.of(W, covariance)
    assert (seen.xi, seen.eta1, seen.eta2) == pytest.approx((own.xi, own.eta1, own.eta2))


@pytest.fixture(scope="module")
def small_rho():
    settings = {
        "widths": [32, 64],
        "tokens": 16,
        "positions": 3,
        "draws": 24_000,
        "witness_width": 16,
        "witness_walks": 12_000,
        "batches": 12,
        "seed": 0,
    }
    return settings, rho.run(settings, {}, Work())


def test_error_given_the_last_token_is_that_of_the_quadrature(small_rho):
    _, table = small_rho
    mean, error = table.error.mean("batch"), table.error.std("batch", ddof=1) / np.sqrt(12)
    z = (mean - (table.exact - table.formula)) / error
    assert float(np.abs(z).max()) < 6.5  # Student's, 11 degrees, 54 numbers
    assert float(np.sqrt((z**2).mean())) < 1.6


def test_walks_propagate_as_the_quadrature_says(small_rho):
    _, table = small_rho
    gap = np.abs(table.walked.mean("batch") - table.walked_exact)
    assert float(gap.max()) < 5 * 0.5 / np.sqrt(12_000)


def test_another_width_changes_no_number(small_rho):
    settings, table = small_rho
    alone = rho.run({**settings, "widths": [64]}, {}, Work())
    assert np.array_equal(alone.error.sel(width=64), table.error.sel(width=64))
    assert np.array_equal(alone.walked, table.walked)


def test_places_are_evenly_spaced():
    assert rho.places(64, 7) == [8, 16, 24, 32, 40, 48, 56]


def test_row_statistics_by_hand():
    scores = torch.tensor([[0.0, 1.0, -2.0, 9.0]], dtype=torch.float64)
    found = {name: value.numpy() for name, value in profiles.row_statistics(scores).items()}
    A = np.exp(scores.numpy()) / np.exp(scores.numpy()).sum()
    assert found["mass"] == pytest.approx(A)
    assert found["linear"] == pytest.approx(np.array([[0.25, 0.5, 0.0, 1.0]]))
    assert found["row_sum"] == pytest.approx(1.75)
    assert found["propagated"].tolist() == [[1, 1, 0, 0]]
    assert found["entropy"] == pytest.approx(-(A * np.log(A)).sum() / np.log(4))
    assert found["centre"] == pytest.approx(A @ np.array([0.25, 0.5, 0.75, 1.0]))


def test_uniform_scores_have_entropy_one():
    found = profiles.row_statistics(torch.zeros((1, 5), dtype=torch.float64))
    assert float(found["entropy"]) == pytest.approx(1)
    assert float(found["row_sum"]) == pytest.approx(1)


def test_the_antisymmetric_control_has_no_trace_and_the_eta_asked_for():
    A, eta1, eta2 = profiles._antisymmetric(16, 0.01)
    assert np.allclose(A, -A.T)
    assert (eta1, eta2) == pytest.approx((-0.01, 0.01))


def test_true_softmax_sits_where_the_notes_say():
    settings = {
        "width": 128,
        "batches": 12,
        "middle_xi": 2.0,
        "softmax_eta": 0.1,
        "softmax_tokens": 64,
        "softmax_walks": 1200,
        "seed": 0,
    }
    table = profiles.softmax(settings, Work())
    assert float(table.centre.mean()) == pytest.approx(0.99, abs=0.005)
    assert float(table.entropy.mean()) == pytest.approx(0.148, abs=0.015)
    assert float(table.row_sum.mean()) == pytest.approx(48, abs=0.7)
    assert float(table.position[int(table.propagated.mean("batch").argmax("position"))]) / 64 < 0.35
    assert two_valued_spectrum(2.0, 0.1, 128).sum() == pytest.approx(2)
