"""A function that is none of a state is refused in one sentence, and one that is gets right derivatives."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from tests.dynamics.small_maps import network, random_state
from torch import Tensor

from widthscope.dynamics.derivatives import GraphDynamics, OwnDynamics
from widthscope.dynamics.probing import probe
from widthscope.errors import DynamicsError

STATE = random_state(2, 3)
W = random_state(3, 3, seed=2)
MODEL32 = torch.nn.Linear(3, 3)
BUFFER = torch.zeros(2, 3, dtype=torch.float64)
CALLS = [0]


def refused(function: Callable[[Any], Any], state: Tensor = STATE, **how: Any) -> str:
    """The sentence; it is one, and it names the function."""
    with pytest.raises(DynamicsError) as error:
        probe(function, state, "model.py:step", **how)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    assert sentence.startswith("model.py:step ")
    return sentence


def jacobian_by_differences(
    function: Callable[[Tensor], Tensor], state: Tensor, step: float = 1e-6
) -> Tensor:
    """Column by column, by central differences."""
    flat = state.reshape(-1)
    columns = []
    for place in range(len(flat)):
        move = torch.zeros_like(flat)
        move[place] = step
        ahead, behind = (function((flat + sign * move).reshape(state.shape)).clone() for sign in (1, -1))
        columns.append((ahead - behind).reshape(-1) / (2 * step))
    return torch.stack(columns, dim=1).detach()


@torch.no_grad()
def without_gradient(state: Tensor) -> Tensor:
    return torch.tanh(state @ W)


@torch.inference_mode()
def in_inference_mode(state: Tensor) -> Tensor:
    return torch.tanh(state @ W)


def through_numpy(state: Tensor) -> Tensor:
    return torch.from_numpy(np.tanh(state.numpy()))


def in_place(state: Tensor) -> Tensor:
    state.mul_(2)
    return state


def partly_in_place(state: Tensor) -> Tensor:
    state[0] = state[0] * 1
    return state.clone()


def counts_calls(state: Tensor) -> Tensor:
    CALLS[0] += 1
    return state * CALLS[0]


def energy_descent(state: Tensor) -> Tensor:
    """A step along the gradient of sum x^4, taken by autograd inside."""
    state = state.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((state**4).sum(), state, create_graph=True)
    return state - 0.1 * gradient


def energy_descent_without_graph(state: Tensor) -> Tensor:
    state = state.clone().requires_grad_()
    (gradient,) = torch.autograd.grad((state**4).sum(), state)
    return state - 0.1 * gradient


def into_a_buffer(state: Tensor) -> Tensor:
    BUFFER.copy_(state @ W)
    return BUFFER


def slot_by_slot(state: Tensor) -> Tensor:
    following = torch.zeros_like(state)
    following[:, 0] = state[:, 1] * state[:, 2]
    return following


def branching(state: Tensor) -> Tensor:
    return 2 * state if float(state.sum()) > 0 else torch.tanh(state)


class Doubling(torch.autograd.Function):
    """x -> 2 x of the older kind, which `torch.func` does not take."""

    @staticmethod
    def forward(ctx: Any, state: Tensor) -> Tensor:
        return 2 * state

    @staticmethod
    def backward(ctx: Any, weights: Tensor) -> Tensor:
        return 2 * weights


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (lambda x: x[:1], "turns a state of shape (2, 3) into one of shape (1, 3); it must keep the shape"),
        (lambda x: x.float(), "turns a state of float64 into one of float32; it must keep the type"),
        (lambda x: x.numpy(), "returns a NumPy ndarray, which Torch cannot differentiate"),
        (lambda x: None, "returns nothing; it must return the next state"),
        (lambda x: (x, x), "returns a tuple of 2; it must return the next state alone"),
        (lambda x: 3.0, "returns an object of type float; it must return a tensor"),
        (lambda x: x / 0, "returns 6 of 6 numbers that are not finite (the first is infinite) at its fi"),
        (lambda x: (x - x) / 0, "(the first is NaN) at its first step from the state"),
        (lambda x: torch.nn.functional.dropout(x), "is not deterministic: two calls with the same state"),
        (counts_calls, "is not deterministic"),
        (in_place, "changes the state that it is given in place"),
        (partly_in_place, "changes the state that it is given in place"),
        (lambda x: x @ x, "fails on a state of shape (2, 3) in float64: RuntimeError: mat1 and mat2 shapes"),
        (MODEL32.__call__, "a model in float32 becomes float64 by its method double()"),
        (lambda x: MODEL32(x), "or all runs in float32 by --float32"),
        (through_numpy, "is not differentiable by Torch: it raises RuntimeError: Can't call numpy()"),
        (without_gradient, "is not differentiable by Torch: in a random direction its slope is"),
        (in_inference_mode, "is not differentiable by Torch"),
        (lambda x: torch.tanh(x @ W).detach(), "but 0 by Torch (does it detach, round, or compute under"),
        (lambda x: x + torch.tanh(x @ W).detach(), "is not differentiable by Torch: in a random direction"),
        (lambda x: x + (torch.round(x) - x).detach(), "its slope is 0 by finite differences, but"),
        (energy_descent_without_graph, "is not differentiable by Torch"),
    ],
)  # fmt: skip
def test_what_is_refused(function: Callable[[Any], Any], says: str) -> None:
    if function == MODEL32.__call__:
        function = lambda x: torch.nn.functional.linear(x, MODEL32.weight)  # noqa: E731
    assert says in refused(function)


def test_a_derivative_that_is_not_finite() -> None:
    assert "its derivative at the state is not finite" in refused(lambda x: x.abs().sqrt(), 0 * STATE)


def test_noise_that_a_state_of_zeros_would_hide() -> None:
    assert "is not deterministic" in refused(lambda x: torch.nn.functional.dropout(x), 0 * STATE)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: torch.tanh(x @ W),
        energy_descent,
        into_a_buffer,
        slot_by_slot,
        branching,
        Doubling.apply,
        torch.nn.Linear(3, 3).double(),
        lambda x: x,
        lambda x: torch.ones(2, 3, dtype=torch.float64),
        lambda x: torch.linalg.eigvalsh(x.T @ x + W @ W.T).expand(2, 3),
        lambda x: torch.cumsum(x.flip(0), 1).softmax(-1),
        lambda x: 1 + 1e-9 * torch.sin(x),
    ],
    ids=[
        *["tanh", "energy", "buffer", "slots", "branch", "old-function", "module", "identity", "constant"],
        *["eigenvalues", "softmax", "faint"],
    ],
)
def test_derivatives_are_those_of_finite_differences(function: Callable[[Any], Any]) -> None:
    model = probe(function, STATE, "model.py:step")
    expected = jacobian_by_differences(function, STATE)
    J = model.dynamics.jacobian(model.rows)[0]
    assert not J.requires_grad
    assert torch.allclose(J, expected, rtol=1e-6, atol=1e-8)
    tangents, cotangents = random_state(1, 4, 6, seed=3), random_state(1, 4, 6, seed=4)
    assert torch.allclose(model.dynamics.jvp(model.rows, tangents)[0], tangents[0] @ J.T, atol=1e-12)
    assert torch.allclose(model.dynamics.vjp(model.rows, cotangents)[0], cotangents[0] @ J, atol=1e-12)
    assert torch.equal(model.dynamics.step(model.rows), model.following)


def test_functions_that_torch_func_cannot_follow_are_differentiated_by_the_graph() -> None:
    model = probe(energy_descent, STATE, "model.py:step")
    assert isinstance(model.dynamics, OwnDynamics)
    assert isinstance(model.dynamics.inner, GraphDynamics)
    assert "recorded graph" in model.derivatives


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3, 2)])
def test_states_of_any_shape(shape: tuple[int, ...]) -> None:
    state = random_state(*shape)
    model = probe(lambda x: torch.sin(2 * x), state, "model.py:step")
    assert model.rows.shape == (1, state.numel())
    assert model.update.shape == shape
    expected = torch.diag(2 * torch.cos(2 * state.reshape(-1)))
    assert torch.allclose(model.dynamics.jacobian(model.rows)[0], expected)


def test_kinks_at_the_state_do_not_count() -> None:
    model = probe(lambda x: torch.relu(x @ W), 0 * STATE, "model.py:step")
    assert not model.dynamics.jacobian(model.rows).any()  # Torch's choice of a slope there


def test_batches_keep_their_states_apart() -> None:
    states = random_state(5, 4)
    function = network(4, 1.2)
    model = probe(function, states, "model.py:step", batched=True)
    assert model.rows.shape == (5, 4)
    for place in range(5):
        alone = probe(function, states[place], "model.py:step")
        found = model.dynamics.jacobian(model.rows)[place]
        assert torch.allclose(found, alone.dynamics.jacobian(alone.rows)[0])


def test_a_batch_whose_states_are_mixed() -> None:
    assert "mixes the states of the batch" in refused(lambda x: x - x.mean(0), batched=True)
    with pytest.raises(DynamicsError, match="leave out --batched"):
        probe(lambda x: x, torch.tensor(1.0), "model.py:step", batched=True)


def test_a_module_is_set_to_the_type_that_is_asked_for() -> None:
    module = torch.nn.Linear(3, 3)
    assert module.weight.dtype == torch.float32
    probe(module, STATE, "model.py:step")
    assert module.weight.dtype == torch.float64
    probe(module.forward, STATE, "model.py:step", dtype=torch.float32)
    assert module.weight.dtype == torch.float32


def test_float32_is_carried_through() -> None:
    seen = set()

    def step(state: Tensor) -> Tensor:
        seen.add(state.dtype)
        return torch.tanh(MODEL32(state))

    model = probe(step, STATE, "model.py:step", dtype=torch.float32)
    assert seen == {torch.float32}
    assert model.dynamics.step(model.rows).dtype == torch.float64
    expected = jacobian_by_differences(lambda x: step(x.float()).double(), STATE, 1e-2)
    assert torch.allclose(model.dynamics.jacobian(model.rows)[0], expected, atol=1e-2)


def test_a_function_that_changes_later_is_found_out() -> None:
    factor = [1.0]
    model = probe(lambda x: factor[0] * x, STATE, "model.py:step")
    model.check_unchanged()
    factor[0] = 2.0
    with pytest.raises(DynamicsError, match="is not deterministic"):
        model.check_unchanged()


def test_an_error_in_the_middle_is_the_functions() -> None:
    model = probe(lambda x: x if x.sum() < 100 else x.nothing, STATE, "model.py:step")
    with pytest.raises(DynamicsError, match=r"^model.py:step raises AttributeError: 'Tensor' object"):
        model.dynamics.step(model.rows + 1000)


def test_no_graph_is_kept_of_parameters() -> None:
    module = torch.nn.Linear(3, 3)
    model = probe(module, STATE, "model.py:step")
    assert not model.dynamics.step(model.rows).requires_grad
    assert not model.dynamics.jvp(model.rows, model.rows[:, None]).requires_grad


def test_large_jacobians_are_built_in_parts_and_are_the_same() -> None:
    function, state = network(300, 1.0), random_state(300)
    model = probe(function, state, "model.py:step")
    J = model.dynamics.jacobian(model.rows)[0]
    tangents = random_state(1, 2, 300, seed=5)
    assert torch.allclose(model.dynamics.jvp(model.rows, tangents)[0], tangents[0] @ J.T, atol=1e-12)
