import pytest
import torch
from tests.spectra.known_maps import F64, normal

from widthscope.errors import DynamicsError
from widthscope.spectra import dense_memory
from widthscope.spectra.dynamics import AutogradDynamics, LinearDynamics
from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.spectra.jacobian_spectra import eigenvalues


def coupled(n: int) -> AutogradDynamics:
    weights = normal(n, n) / n**0.5
    return AutogradDynamics(lambda x: 0.5 * x + torch.tanh(x @ weights.T))


def test_both_methods_give_the_same_values_and_say_which_ran() -> None:
    dynamics, x = coupled(60), normal(3, 60, seed=1)
    dense, arnoldi = (eigenvalues(dynamics, x, 5, method=name) for name in ("dense", "arnoldi"))
    assert (dense.method, arnoldi.method) == ("dense", "arnoldi")
    assert dense.iterations == 0 < arnoldi.iterations
    assert dense.converged.all()
    assert arnoldi.converged.all()
    assert float(dense.residuals.max()) < 1e-13
    assert float(largest_distance(dense.values, arnoldi.values).max()) < 1e-8
    whole = eigenvalues(dynamics, x)
    assert whole.values.shape == (3, 60)
    torch.testing.assert_close(whole.values[:, :5], dense.values)
    reference = torch.linalg.eigvals(dynamics.jacobian(x))
    assert float(largest_distance(whole.values, reference).max()) < 1e-12
    moduli = whole.values.abs()
    assert (moduli.diff(dim=1) < 1e-6).all()


def test_the_method_follows_size_and_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    linear, x = (
        LinearDynamics(torch.diag(torch.arange(20.0, 0.0, -1.0, dtype=F64))),
        torch.zeros(2, 20, dtype=F64),
    )
    assert eigenvalues(linear, x, 2).method == "dense"
    needed = dense_memory.dense_bytes(20, 2)
    monkeypatch.setattr(dense_memory, "available_bytes", lambda: needed)
    assert eigenvalues(linear, x, 2).method == "dense"
    monkeypatch.setattr(dense_memory, "available_bytes", lambda: needed - 1)
    found = eigenvalues(linear, x, 2)
    assert found.method == "arnoldi"
    torch.testing.assert_close(found.values.real, torch.tensor([[20.0, 19.0]] * 2, dtype=F64))
    with pytest.raises(DynamicsError, match=r"2 state\(s\) of n = 20 .* more than the .* matrix-free"):
        eigenvalues(linear, x)
    monkeypatch.undo()
    monkeypatch.setattr("widthscope.spectra.jacobian_spectra.DENSE_EIGENVALUES", 19)
    assert eigenvalues(linear, x, 2).method == "arnoldi"
    assert eigenvalues(linear, x).method == "dense"


def test_what_has_not_converged_says_so() -> None:
    found = eigenvalues(coupled(80), normal(2, 80), 6, method="arnoldi", subspace=10, restarts=0)
    assert not found.converged.all()
    assert found.values.shape == found.residuals.shape == (2, 6)
    assert (found.residuals[~found.converged] > 1e-9).all()


def test_a_jacobian_that_is_not_finite_spoils_no_other() -> None:
    matrix = normal(2, 4, 4)
    matrix[0, 1, 1] = torch.nan
    found = eigenvalues(LinearDynamics(matrix), torch.zeros(2, 4, dtype=F64))
    assert found.values[0].isnan().all()
    assert not found.converged[0].any()
    assert found.converged[1].all()


def test_what_cannot_be_is_said() -> None:
    with pytest.raises(ValueError, match="dense or arnoldi, not eig"):
        eigenvalues(coupled(4), normal(1, 4), method="eig")
    with pytest.raises(ValueError, match="within 1 and 4, not 5"):
        eigenvalues(coupled(4), normal(1, 4), 5)
    with pytest.raises(DynamicsError, match="float32"):
        eigenvalues(coupled(4), normal(1, 4).float())
