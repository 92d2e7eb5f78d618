"""Bordered determinants against Jacobians between tangent spaces, and a system that is solved exactly."""

import math

import pytest
import torch
from tests.models.recurrence.drawn import RULES, name_of, parameters_of, states_of

from widthscope.attention.jacobians.log_determinant import mean_exponent, tangent_log_determinant
from widthscope.attention.jacobians.tangents import null_directions
from widthscope.attention.jacobians.update import update_jacobian
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate, prepared_state, update

rules = pytest.mark.parametrize("rule", RULES, ids=name_of)


def tangent_basis(rule, state):
    """Orthonormal columns (n, n - null directions) that span the tangents of the states at one of them."""
    count, width = state.shape
    lost = []
    size = rule.oscillator if rule.model == "akorn" else width
    if null_directions(rule, count, width):
        for i in range(count):
            for n in range(0, width, size):
                groups = [state[i, n : n + size]]
                if rule.norm == "ln":
                    groups.append(torch.ones(size, dtype=state.dtype))
                for values in groups:
                    direction = torch.zeros(count, width, dtype=state.dtype)
                    direction[i, n : n + size] = values / values.norm()
                    lost.append(direction.flatten())
    normals = torch.stack(lost, dim=1) if lost else state.new_zeros(count * width, 0)
    basis, _ = torch.linalg.qr(torch.cat([normals, torch.eye(count * width, dtype=state.dtype)], dim=1))
    return basis[:, len(lost) :]


@rules
@pytest.mark.parametrize("heads", [1, 2])
def test_it_is_the_determinant_between_tangent_spaces(rule, heads):
    parameters, (state, drive) = parameters_of(rule, heads=heads), states_of(rule)
    parameters.pop("gain", None)
    state = iterate(rule, parameters, state, drive, 2)
    following = update(rule, parameters, state, drive)
    J = update_jacobian(rule, parameters, state, drive)
    found = tangent_log_determinant(rule, parameters, state, drive)
    for m in range(2):
        for b in range(3):
            before, after = (tangent_basis(rule, X[m, b]) for X in (state, following))
            expected = torch.linalg.slogdet(after.T @ J[m, b] @ before).logabsdet
            assert float(found[m, b]) == pytest.approx(float(expected), rel=1e-12, abs=1e-11)


@pytest.mark.parametrize("rule", [Rule(), Rule(norm="rms"), Rule(norm="ln")], ids=name_of)
def test_with_a_gain_it_is_taken_before_the_gain(rule):
    """The map u -> update(gain radius u) / (gain radius) of the sphere, whose own gain is 1, by autograd."""
    parameters, (state, drive) = parameters_of(rule, member=1), states_of(rule, member=1, batch=1)
    state = iterate(rule, parameters, state, drive, 1)
    gain = parameters["gain"][0]

    def on_sphere(u):
        return (update(rule, parameters, (u * gain)[None, None], drive) / gain)[0, 0]

    u = state[0, 0] / gain
    J = torch.func.jacrev(on_sphere)(u).reshape(40, 40)
    after, before = (tangent_basis(rule, X) for X in (on_sphere(u), u))
    expected = torch.linalg.slogdet(after.T @ J @ before).logabsdet
    found = tangent_log_determinant(rule, parameters, state, drive)
    assert float(found) == pytest.approx(float(expected), rel=1e-12)


@rules
def test_the_mean_exponent_is_that_of_the_singular_values_of_the_product(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    parameters.pop("gain", None)
    current = state = update(rule, parameters, state, drive)
    bases = [[tangent_basis(rule, state[m, b]) for b in range(3)] for m in range(2)]
    product = torch.stack([torch.stack(row) for row in bases])
    for _ in range(3):
        product = update_jacobian(rule, parameters, current, drive) @ product
        current = update(rule, parameters, current, drive)
    assert product.shape[-1] == 40 - null_directions(rule, 5, 8)
    expected = torch.linalg.svdvals(product).log().mean(-1) / 3
    found = mean_exponent(rule, parameters, state, drive, 3)
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_a_pure_rotation_has_the_spectrum_and_the_exponents_of_theory(size):
    """All frequencies equal, nothing else: theory notes 3.4."""
    rule = Rule("akorn", oscillator=size)
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    for name in ("output", "output_bias"):
        parameters[name] = torch.zeros_like(parameters[name])
    drive = torch.zeros_like(drive)
    assert float(mean_exponent(rule, parameters, prepared_state(rule, state), drive, 4).abs().max()) < 1e-13
    J = update_jacobian(rule, parameters, state, drive)
    singular = torch.linalg.svdvals(J)
    kept = 40 - 40 // size
    torch.testing.assert_close(singular[..., :kept], torch.ones_like(singular[..., :kept]))
    assert float(singular[..., kept:].max()) < 1e-13
    for m in range(2):
        angle = math.atan(float(parameters["step"][m] * parameters["frequency"][m]))
        found = torch.linalg.eigvals(J[m, 0])
        groups, pairs = 40 // size, (size - 2) // 2
        turned = complex(math.cos(angle), math.sin(angle))
        expected = [0.0] * groups + [math.cos(angle)] * groups
        expected += [turned] * (groups * pairs) + [turned.conjugate()] * (groups * pairs)
        expected = torch.tensor(expected, dtype=torch.complex128)
        near = (found[:, None] - expected[None]).abs()
        for value in set(expected.tolist()):
            assert int((near[:, expected.tolist().index(value)] < 1e-7).sum()) == expected.tolist().count(
                value
            )
