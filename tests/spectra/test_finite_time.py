import math

import pytest
import torch
from tests.spectra.known_maps import F64, normal, orthogonal
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra import dense_memory
from widthscope.spectra.dynamics import AutogradDynamics, LinearDynamics
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.lyapunov import lyapunov_spectrum

METHODS = ["dense", "golub-kahan"]


def zeros(n: int, batch: int = 1) -> Tensor:
    return torch.zeros(batch, n, dtype=F64)


@pytest.mark.parametrize("method", METHODS)
def test_exponents_are_logarithms_of_singular_values(method: str) -> None:
    weights = normal(12, 12) / 12**0.5
    dynamics = AutogradDynamics(lambda x: x + torch.tanh(x @ weights.T))
    x = normal(3, 12, seed=1)
    found = finite_time(dynamics, x, 8, 4, method=method)
    whole, state = torch.eye(12, dtype=F64), x
    for _ in range(8):
        whole, state = dynamics.jacobian(state) @ whole, dynamics.step(state)
    torch.testing.assert_close(
        found.exponents, torch.linalg.svdvals(whole)[:, :4].log() / 8, rtol=0, atol=1e-11
    )
    torch.testing.assert_close(found.state, state)
    assert found.converged.all()
    assert found.method == method
    assert (found.residuals < 1e-8).all()


@pytest.mark.parametrize("method", METHODS)
def test_a_thousand_steps_of_contraction_do_not_underflow(method: str) -> None:
    Q = orthogonal(5)
    logs = torch.tensor([-3.0, -3.0, -3.0, -3.01, -3.02], dtype=F64)
    found = finite_time(LinearDynamics(Q @ torch.diag(logs.exp()) @ Q.mT), zeros(5), 1000, 5, method=method)
    torch.testing.assert_close(found.exponents[0, :4], logs[:4], rtol=0, atol=1e-8)
    # e^-20 of the largest is still known, to seven digits
    torch.testing.assert_close(found.exponents[0, 4], logs[4], rtol=0, atol=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_what_the_product_has_lost_is_not_given(method: str) -> None:
    Q = orthogonal(65, 3)
    logs = torch.tensor([0.5, 0.1, -2.5], dtype=F64)
    T = 64

    class Turning(LinearDynamics):
        def __init__(self) -> None:
            super().__init__(torch.eye(3, dtype=F64))

        def step(self, state: Tensor) -> Tensor:
            return state + 1  # the state counts the steps

        def jacobian(self, state: Tensor) -> Tensor:
            t = int(state[0, 0])
            return (Q[t + 1] @ torch.diag(logs.exp()) @ Q[t].mT)[None]

        def jvp(self, state: Tensor, tangents: Tensor) -> Tensor:
            return tangents @ self.jacobian(state).mT

        def vjp(self, state: Tensor, cotangents: Tensor) -> Tensor:
            return cotangents @ self.jacobian(state)

    dynamics = Turning()
    found = finite_time(dynamics, zeros(3), T, 3, method=method)
    # e^-192 of the first: the product's own SVD reads noise where the third should be.
    torch.testing.assert_close(found.exponents[0, :2], logs[:2], rtol=0, atol=1e-3)
    assert found.exponents[0, 2].isnan()
    assert not found.converged[0, 2]
    whole = torch.eye(3, dtype=F64)
    for t in range(T):
        whole = Q[t + 1] @ torch.diag(logs.exp()) @ Q[t].mT @ whole
    assert float(torch.linalg.svdvals(whole)[2].log() / T) > -1


def test_growth_that_is_not_normal_is_positive_without_chaos() -> None:
    matrix = torch.tensor([[0.9, 10.0], [0.0, 0.9]], dtype=F64)
    finite = finite_time(LinearDynamics(matrix), zeros(2), 16)
    long_run = lyapunov_spectrum(LinearDynamics(matrix), zeros(2), 1, 2000, frame_warm_up=5000)
    assert float(finite.exponents) > 0.15
    assert float(long_run.exponents) == pytest.approx(math.log(0.9), abs=1e-3)


@pytest.mark.parametrize("method", METHODS)
def test_a_map_that_annihilates_has_no_growth_at_all(method: str) -> None:
    nilpotent = torch.tensor([[0.0, 1.0], [0.0, 0.0]], dtype=F64)
    found = finite_time(LinearDynamics(nilpotent), zeros(2), 3, 2, method=method)
    assert (found.exponents == -torch.inf).all()
    one = finite_time(LinearDynamics(nilpotent), zeros(2), 1, 2, method=method)
    assert abs(float(one.exponents[0, 0])) < 1e-15
    assert one.exponents[0, 1].isnan()


def test_what_has_not_converged_says_so() -> None:
    matrix = normal(60, 60) / 60**0.5
    found = finite_time(LinearDynamics(matrix), zeros(60), 1, 2, method="golub-kahan", subspace=4)
    assert not found.converged.any()
    assert (found.residuals > 1e-4).all()


def test_the_method_follows_size_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    eye = LinearDynamics(torch.eye(8, dtype=F64))
    assert finite_time(eye, zeros(8), 2).method == "dense"
    monkeypatch.setattr(dense_memory, "available_bytes", lambda: 1000)
    assert finite_time(eye, zeros(8), 2).method == "golub-kahan"
    with pytest.raises(DynamicsError, match="more than the 1e-06 GB available"):
        finite_time(eye, zeros(8), 2, method="dense")


def test_what_cannot_be_is_said() -> None:
    eye = LinearDynamics(torch.eye(2, dtype=F64))
    with pytest.raises(ValueError, match="dense or golub-kahan, not svd"):
        finite_time(eye, zeros(2), 2, method="svd")
    with pytest.raises(ValueError, match="count must be within 1 and 2"):
        finite_time(eye, zeros(2), 2, 3)
