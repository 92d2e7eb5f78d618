"""The exact rotation by hand, and the bound against autograd."""

import numpy as np
import pytest
import torch

from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.studies.jacobian_dynamics.normalisation import bound, rotation, token_count
from widthscope.work import Work


@pytest.mark.parametrize("arm", rotation.ARMS)
def test_a_step_turns_every_pair(arm):
    angles = torch.tensor([0.3, 0.3] if arm == "oscillator" else [0.3, 2.0], dtype=torch.float64)
    dynamics = rotation.rotation(arm, angles, 1)
    x = torch.tensor([[0.5, -0.1, 0.7, 0.2]], dtype=torch.float64)
    x = x / x.norm()
    turn = torch.block_diag(
        *(torch.tensor([[1.0, a], [-a, 1.0]], dtype=torch.float64) for a in angles.tolist())
    )
    y = x @ turn.T
    expected = y if arm == "none" else y / y.norm()
    torch.testing.assert_close(dynamics.step(x), expected, rtol=1e-14, atol=1e-15)
    J = torch.autograd.functional.jacobian(lambda z: dynamics.unflattened(z[None])[0, 0, 0] @ turn.T, x[0])
    if arm != "none":
        J = (torch.eye(4, dtype=torch.float64) - expected.T @ expected) @ J / y.norm()
    torch.testing.assert_close(dynamics.jacobian(x)[0], J, rtol=1e-12, atol=1e-14)


def test_exact_spectrum_of_two_coordinates_is_real():
    values = rotation.exact_spectrum(2, 0.75)
    np.testing.assert_allclose(values, [0, 0.8], atol=1e-15)
    values = rotation.exact_spectrum(6, 0.75)
    by_hand = torch.tensor([[0, 0.8, *[0.8 + 0.6j, 0.8 - 0.6j] * 2]], dtype=torch.complex128)
    assert largest_distance(values[None], by_hand).item() < 1e-12


def test_equal_frequencies_are_exact_and_unequal_ones_settle():
    settings = {"widths": [2, 6], "angles": [0.5, 2.0], "draws": 20, "seed": 1}
    table = rotation.run(settings, {}, Work())
    assert table["spectrum"].sel(arm=["unit", "oscillator"]).max() < 1e-12
    assert table["exponents"].sel(arm=["unit", "oscillator"]).max() < 1e-12
    assert table["outside"].sel(arm="none").max() < 1e-12
    np.testing.assert_allclose(
        table["exponents"].sel(arm="none"), [[np.log(1.25) / 2, np.log(5) / 2]] * 2, rtol=1e-12
    )
    # Once the pair of tan θ = 1 is left alone, the next pair's modulus leads.
    np.testing.assert_allclose(table["settled"], np.sqrt(1.25 / 2), rtol=1e-9)
    assert table["transient"].max() > 1


def test_bound_holds_and_wrong_ones_do_not():
    settings = {"width": 8, "heads": 2, "tokens": 4, "draws": 60, "seed": 2}
    table = bound.run(settings, {}, Work())
    assert float(table["fixed"].max()) <= 1
    assert 0 < float(table["large_step"].max()) <= 1
    assert float(table["longest"].max()) > 1
    assert float(table["bare"].max()) > 1
    assert np.all(table["longest"] >= table["fixed"])


def test_norms_over_tokens_are_those_of_dense_jacobians():
    settings = {"width": 6, "heads": 1, "tokens": [2, 3, 4], "length": 10.0, "seeds": 3, "seed": 3}
    table = token_count.run(settings, {}, Work())
    draws = token_count.draw(("normalisation.token_count", 3), 3, 6, 1, 4)
    for length in table["length"].values:
        for count in (2, 4):
            for arm, norm, gain in (
                ("none", "none", 1.0),
                ("unit", "unit", 1.0),
                ("own length", "unit", length),
            ):
                J = draws.dynamics(norm, count, 1.0, gain=gain).jacobian(draws.state(count, length))
                expected = torch.linalg.matrix_norm(J, ord=2).log()
                found = table["log_norm"].sel(length=length, arm=arm, tokens=count)
                np.testing.assert_allclose(found, expected, atol=1e-6)
