"""Products without a matrix against the dense Jacobian, and directions that a step loses exactly."""

import pytest
import torch
from tests.models.recurrence.drawn import RULES, name_of, parameters_of, states_of

from widthscope.attention.jacobians.attention_derivative import AttentionDerivative
from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.attention.jacobians.tangents import null_directions, update_jvp, update_vjp
from widthscope.attention.jacobians.update import update_jacobian
from widthscope.models.recurrence.attention import heads
from widthscope.models.recurrence.rule import RecurrenceError, Rule
from widthscope.models.recurrence.update import iterate, update
from widthscope.spectra.dynamics import AutogradDynamics, Dynamics

rules = pytest.mark.parametrize("rule", RULES, ids=name_of)


def drawn(rule, k=6, **options):
    parameters, (state, drive) = parameters_of(rule, **options), states_of(rule)
    generator = torch.Generator().manual_seed(5)
    shape = (*state.shape[:2], k, *state.shape[2:])
    v, u = torch.randn(2, *shape, generator=generator, dtype=torch.float64)
    return parameters, state, drive, v, u


def assert_equals(found, expected, rtol=1e-13):
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= rtol * float(expected.abs().max().clamp(min=1))


@rules
@pytest.mark.parametrize("heads", [1, 4])
def test_products_are_those_of_the_dense_jacobian_and_adjoint(rule, heads):
    parameters, state, drive, v, u = drawn(rule, heads=heads)
    J = update_jacobian(rule, parameters, state, drive)
    pushed = update_jvp(rule, parameters, state, drive, v)
    pulled = update_vjp(rule, parameters, state, drive, u)
    assert_equals(pushed.flatten(3), v.flatten(3) @ J.mT)
    assert_equals(pulled.flatten(3), u.flatten(3) @ J)
    torch.testing.assert_close((u * pushed).sum((3, 4)), (pulled * v).sum((3, 4)), rtol=1e-11, atol=1e-11)


@rules
def test_attention_alone_does_too(rule):
    parameters, state, _, v, u = drawn(rule)
    J = attention_jacobian(rule, parameters, state)
    derivative = AttentionDerivative.at(heads(rule, parameters), state)
    assert_equals(derivative.forward(v).flatten(3), v.flatten(3) @ J.mT)
    assert_equals(derivative.transposed(u).flatten(3), u.flatten(3) @ J)


@rules
def test_the_dynamics_agree_with_those_of_autograd(rule):
    parameters, state, drive, v, u = drawn(rule)
    dynamics: Dynamics = RecurrentDynamics(rule, parameters, drive)
    flat = dynamics.flattened(state)

    def function(x):
        return update(rule, parameters, x.reshape(state.shape), drive).reshape(x.shape)

    known = AutogradDynamics(function)
    assert torch.equal(dynamics.step(flat), known.step(flat))
    assert torch.equal(dynamics.unflattened(dynamics.step(flat)), update(rule, parameters, state, drive))
    assert_equals(dynamics.jacobian(flat), known.jacobian(flat))
    v, u = (t.flatten(0, 1).flatten(2) for t in (v, u))
    for _ in range(2):  # the second time from what is remembered
        assert_equals(dynamics.jvp(flat, v), known.jvp(flat, v))
        assert_equals(dynamics.vjp(flat, u), known.vjp(flat, u))
    flat.mul_(1.5)  # the same tensor with other values is another state
    assert_equals(dynamics.jvp(flat, v), known.jvp(flat, v))
    for step in range(40):  # more states than are remembered
        other = flat * (1 + 0.01 * step)
        assert_equals(dynamics.jvp(other, v), known.jvp(other, v))
    assert len(dynamics._linearised) <= 32
    assert dynamics.jvp(flat, v[:, :0]).shape == v[:, :0].shape
    with torch.inference_mode():
        assert_equals(dynamics.jvp(flat.clone(), v), known.jvp(flat.clone(), v))


def test_numbers_that_change_unseen_are_another_state():
    rule = Rule(norm="rms")
    parameters, state, drive, v, _ = drawn(rule)
    dynamics = RecurrentDynamics(rule, parameters, drive)
    flat, v = dynamics.flattened(state).clone(), v.flatten(0, 1).flatten(2)

    def right(at):
        assert_equals(dynamics.jvp(at, v), v @ dynamics.jacobian(at).mT)

    first = dynamics.jvp(flat, v)
    parameters["value"].mul_(3)  # as an optimiser does
    drive.add_(1)
    assert torch.equal(dynamics.jvp(flat, v), first)
    right(flat)
    flat.data.mul_(-1)
    right(flat)
    shared = flat.numpy()
    shared[:] = shared[:, ::-1].copy()
    right(flat)
    with torch.inference_mode():
        inner = flat.clone()
        right(inner)
        inner.mul_(1.5)
        right(inner)


@rules
def test_null_directions_are_what_the_numerical_rank_lacks(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    state = iterate(rule, parameters, state, drive, 2)
    singular = torch.linalg.svdvals(update_jacobian(rule, parameters, state, drive))
    missing = (singular < 1e-12 * singular[..., :1]).sum(-1)
    assert (missing == null_directions(rule, 5, 8)).all()
    if missing.max():
        kept = singular[..., : 40 - null_directions(rule, 5, 8)]
        assert float(kept.min()) > 1e-6


def test_null_directions_of_the_theory_notes():
    counts = [null_directions(Rule(norm=n), 16, 32) for n in ("none", "unit", "rms", "ln")]
    assert counts == [0, 16, 16, 32]
    assert null_directions(Rule(norm="ln", place="pre"), 16, 32) == 0
    assert null_directions(Rule("akorn", oscillator=4), 16, 32) == 16 * 8
    with pytest.raises(RecurrenceError, match="width 30"):
        null_directions(Rule("akorn"), 16, 30)
