"""The laws of width against simulation, brute force and their degenerate cases."""

import numpy as np
import pytest
import torch

from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.models.recurrence.attention import heads, seen_by
from widthscope.studies.jacobian_dynamics.width import theory
from widthscope.studies.jacobian_dynamics.width.draws import ALONE, attention_maps, draw, stepped


def test_laws_of_the_modulus_scale_with_sigma():
    r = np.array([-0.1, 0.0, 0.5, 1.0, 2.0, 3.0])
    assert theory.radial_cdf(r, 2.0) == pytest.approx([0, 0, 0.25, 0.5, 1, 1])
    assert theory.area_cdf(r, 2.0) == pytest.approx([0, 0, 1 / 16, 0.25, 1, 1])


def test_the_largest_singular_value_is_that_of_a_product_of_two_matrices():
    generator = np.random.default_rng(0)
    B = 3.0 * generator.standard_normal((400, 400)) @ generator.standard_normal((400, 400)) / 400
    assert theory.largest_singular(3.0) == pytest.approx(3 * np.sqrt(27 / 4))
    assert np.linalg.norm(B, 2) == pytest.approx(theory.largest_singular(3.0), rel=0.03)


def test_the_share_beyond_the_edge_is_that_of_the_gamma_law():
    generator = np.random.default_rng(0)
    for width in (64, 256):
        k = np.arange(1, width + 1)
        draws = generator.gamma(k, size=(4000, width)) * generator.gamma(k, size=(4000, width))
        share = np.mean(draws > width**2)
        assert float(theory.share_beyond_edge(width)) == pytest.approx(share, rel=0.05)


def test_the_share_beyond_the_edge_is_that_of_matrices():
    generator = np.random.default_rng(1)
    factors = generator.standard_normal((2, 200, 48, 48)) / np.sqrt(48)
    moduli = np.abs(np.linalg.eigvals(factors[0] @ factors[1]))
    assert np.mean(moduli > 1) == pytest.approx(float(theory.share_beyond_edge(48)), rel=0.1)


def test_a_step_shrinks_by_the_mean_of_independent_messages():
    assert theory.shrinkage(0.0, 1.0, 8) == 1
    assert theory.shrinkage(1.0, 1.0, 8) == pytest.approx(np.sqrt(8 / 9))
    assert theory.update_radius(1.0, 1.0, 8) == pytest.approx(1.8856, abs=1e-4)  # of the notes
    assert theory.radius_without_averaging(1.0, 1.0) == pytest.approx(np.sqrt(2))


def test_eigenvalues_of_a_step_are_those_of_uniform_attention():
    """With attention set uniform the Jacobian is K = I + eta (1/S) 11^T (x) B^T, projected and divided."""
    generator = np.random.default_rng(2)
    S, D, eta = 5, 40, 0.8
    B = generator.standard_normal((D, D)) @ generator.standard_normal((D, D)) / D
    K = np.eye(S * D) + eta * np.kron(np.full((S, S), 1 / S), B.T)
    found = np.sort(np.abs(np.linalg.eigvals(K)))
    predicted = theory.update_eigenvalues(eta, 1.0, S, np.linalg.eigvals(B))
    assert len(predicted) == S * D
    assert np.sum(predicted == 0) == S
    a = theory.shrinkage(eta, 1.0, S)
    # Without the projector: S more at 1 in place of the zeros.
    unprojected = np.sort(np.abs(np.where(predicted == 0, 1, predicted / a)))
    assert np.allclose(found, unprojected, atol=1e-9)


def test_the_realised_radius_takes_the_eigenvalues_and_lengths_of_a_draw():
    eigenvalues = np.array([[0.5 + 0.5j, -2.0], [0.1, 0.2j]])
    found = theory.realised_radius(2.0, eigenvalues, np.array([1.0, 2.0]))
    assert found == pytest.approx([3.0, 0.6])


def test_sharpness_is_that_of_two_certain_choices():
    uniform = np.full((1, 6, 6), 1 / 6)
    assert float(theory.sharpness(uniform)) == pytest.approx(1 / 6)
    half = np.array([[[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
    assert float(theory.sharpness(half)) == pytest.approx(0.5)
    assert float(theory.sharpness(np.eye(3)[None])) == pytest.approx(0.0, abs=1e-15)


def test_the_softmax_norm_is_the_norm_of_its_terms():
    """The two terms of L5, formed for one head with orthogonal tokens and isometric weights."""
    generator = np.random.default_rng(3)
    S, D = 4, 32
    X = np.sqrt(D) * np.linalg.qr(generator.standard_normal((D, S)))[0].T
    P = generator.dirichlet(np.full(S, 0.5), size=S)
    derivative = [np.diag(row) - np.outer(row, row) for row in P]
    turn = np.linalg.qr(generator.standard_normal((D, D)))[0]
    through_query = [X.T @ one @ X @ turn / np.sqrt(D) for one in derivative]
    norms = [np.linalg.norm(one, 2) for one in through_query]
    assert np.sqrt(2) * max(norms) == pytest.approx(float(theory.softmax_norm(P[None], D)), rel=1e-9)


def test_maps_of_attention_are_its_jacobian():
    drawn = draw([("test", 0), ("test", 1)], 16, 4, 3)
    for norm in ("unit", "rms"):
        J = attention_jacobian(ALONE, drawn.parameters, drawn.tokens(norm))[:, 0]
        forward, transposed = attention_maps(drawn, norm)
        vectors = torch.randn(2, 5, 48, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
        assert torch.allclose(forward(vectors), vectors @ J.mT, atol=1e-12)
        assert torch.allclose(transposed(vectors), vectors @ J, atol=1e-12)


def test_a_draw_has_tokens_of_the_length_asked_for_and_the_value_output_product():
    drawn = draw([("test", 0)], 32, 4, 3)
    assert torch.allclose(drawn.tokens("unit").norm(dim=-1), torch.ones(1, 1, 3, dtype=torch.float64))
    assert torch.allclose(drawn.tokens("rms").norm(dim=-1) ** 2, torch.full((1, 1, 3), 32.0).double())
    value, output = drawn.parameters["value"][0], drawn.parameters["output"][0]
    assert torch.allclose(drawn.products()[0], sum(value[h].mT @ output[h] for h in range(4)))


def test_a_step_without_drive_ends_on_the_unit_sphere_and_annihilates_lengths():
    drawn = draw([("test", 0)], 32, 4, 3)
    dynamics, state = stepped(drawn, "unit", 0.5)
    lengths = dynamics.step(state).reshape(3, 32).norm(dim=-1)
    assert torch.allclose(lengths, torch.ones(3, dtype=torch.float64))
    singular = torch.linalg.svdvals(dynamics.jacobian(state)[0])
    assert int((singular < 1e-12).sum()) == 3


def test_wide_attention_of_unit_tokens_is_uniform():
    drawn = draw([("test", 0)], 512, 1, 4)
    seen = seen_by(heads(ALONE, drawn.parameters), drawn.tokens("unit"))
    assert float((seen.attention - 0.25).abs().max()) < 0.01
