"""Closed forms against reverse-mode autograd, for every model, in float64."""

import pytest
import torch
from tests.models.recurrence.drawn import ITRSA, RULES, name_of, parameters_of, states_of

from widthscope.attention.jacobians import assembly
from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.attention.jacobians.update import update_jacobian
from widthscope.ensembles.parameters import member_of
from widthscope.models.recurrence.attention import attended
from widthscope.models.recurrence.rule import Rule
from widthscope.models.recurrence.update import iterate, update

rules = pytest.mark.parametrize("rule", RULES, ids=name_of)


def by_autograd(rule, parameters, state, drive):
    """J of every state, (member, batch, n, n), by `torch.func.jacrev` of one state at a time."""
    member, batch, count, width = state.shape
    found = []
    for m in range(member):
        own = {name: values[None] for name, values in member_of(parameters, m).items()}
        for b in range(batch):

            def function(x, m=m, b=b, own=own):
                return update(rule, own, x[None, None], drive[m : m + 1, b : b + 1])[0, 0]

            found.append(torch.func.jacrev(function)(state[m, b]).reshape(count * width, count * width))
    return torch.stack(found).reshape(member, batch, count * width, count * width)


def assert_equals(found, expected, rtol=1e-13):
    assert found.shape == expected.shape
    assert float((found - expected).abs().max()) <= rtol * float(expected.abs().max().clamp(min=1))


@rules
@pytest.mark.parametrize("heads", [1, 4])
def test_the_jacobian_of_a_step_is_that_of_autograd(rule, heads):
    parameters, (state, drive) = parameters_of(rule, heads=heads), states_of(rule)
    assert_equals(
        update_jacobian(rule, parameters, state, drive), by_autograd(rule, parameters, state, drive)
    )


@rules
def test_so_it_is_along_a_trajectory_without_biases_and_gain_and_off_the_spheres(rule):
    parameters, (state, drive) = parameters_of(rule, score_gain=6.0), states_of(rule)
    parameters = {name: v for name, v in parameters.items() if name != "gain" and "bias" not in name}
    state = iterate(rule, parameters, state, drive, 3)
    assert_equals(
        update_jacobian(rule, parameters, state, drive), by_autograd(rule, parameters, state, drive)
    )
    state = 1.3 * state + 0.2
    assert_equals(
        update_jacobian(rule, parameters, state, drive), by_autograd(rule, parameters, state, drive)
    )


@pytest.mark.parametrize("weights", ["free", "symmetric"])
def test_the_jacobian_of_attention_alone_is_that_of_autograd(weights):
    rule = Rule(weights=weights)
    parameters, (state, _) = parameters_of(rule), states_of(rule)
    n = state[0, 0].numel()
    rows = torch.func.jacrev(lambda X: attended(rule, parameters, X))(state)
    for m in range(2):
        for b in range(3):
            expected = rows[m, b, :, :, m, b].reshape(n, n)
            assert_equals(attention_jacobian(rule, parameters, state)[m, b], expected)


@rules
@pytest.mark.parametrize(("count", "cache"), [(1, 1), (5, 1), (5, 3000), (5, 20_000)])
def test_rows_may_be_taken_in_blocks_of_any_size_and_tokens_may_be_alone(rule, count, cache, monkeypatch):
    parameters, (state, drive) = parameters_of(rule), states_of(rule, count=count)
    monkeypatch.setattr(assembly, "CACHE_BYTES", cache)
    assert_equals(
        update_jacobian(rule, parameters, state, drive), by_autograd(rule, parameters, state, drive)
    )


@pytest.mark.parametrize("rule", ITRSA, ids=name_of)
def test_uniform_attention_averages_the_tokens(rule):
    """Without queries J_MSA is (1/S) 1 1^T kron B^T, B = sum_h W_V,h W_O,h (theory notes 3.5)."""
    if rule.weights == "symmetric":
        return_value = torch.zeros(2, 1, 4, 8, dtype=torch.float64)
        parameters = {**parameters_of(rule), "query": return_value}
        expected = torch.zeros(2, 8, 8, dtype=torch.float64)
    else:
        parameters = parameters_of(rule, projection_biases=False)
        parameters["query"] = torch.zeros_like(parameters["query"])
        expected = (parameters["output"].mT @ parameters["value"]).sum(1)
    state, _ = states_of(rule)
    found = attention_jacobian(rule, parameters, state)
    uniform = torch.full((5, 5), 0.2, dtype=torch.float64)
    for m in range(2):
        assert_equals(found[m, 1], torch.kron(uniform, expected[m]))


@rules
def test_without_step_only_the_norm_is_left(rule):
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    parameters["step"] = torch.zeros_like(parameters["step"])
    found = update_jacobian(rule, parameters, state, drive)
    assert_equals(found, by_autograd(rule, parameters, state, drive))
    blocks = found.reshape(2, 3, 5, 8, 5, 8)
    apart = ~torch.eye(5, dtype=torch.bool)
    assert float(blocks.transpose(3, 4)[:, :, apart].abs().max()) == 0


def test_float32_and_an_autograd_history_are_accepted():
    rule = Rule(norm="rms")
    parameters, (state, drive) = parameters_of(rule), states_of(rule)
    expected = update_jacobian(rule, parameters, state, drive)
    single = {name: values.float().requires_grad_() for name, values in parameters.items()}
    found = update_jacobian(rule, single, state.float(), drive.float())
    assert found.dtype == torch.float32
    assert not found.requires_grad
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_a_drive_may_be_shared_by_the_batch():
    for rule in (Rule(), Rule("akorn")):
        parameters, (state, drive) = parameters_of(rule), states_of(rule)
        shared = drive[:, :1]
        found = update_jacobian(rule, parameters, state, shared)
        assert torch.equal(found, update_jacobian(rule, parameters, state, shared.expand_as(state).clone()))
