"""Eigenvalues of the Jacobian of one step, by the method that suits its size."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.spectra.arnoldi import RESTARTS, by_modulus, leading_eigenvalues
from widthscope.spectra.dense_memory import DENSE_EIGENVALUES, fits, require_fit
from widthscope.spectra.dynamics import Dynamics, checked_state
from widthscope.spectra.frames import random_frame

_EPS = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues by decreasing modulus, whether or not they converged.

    Attributes:
        values: (batch, count) complex128; NaN where the Jacobian is not finite.
        residuals: (batch, count) |J x - lambda x| of the unit vectors x that Arnoldi found; of a dense
            spectrum the size of its backward error, sqrt(n) eps ||J||_F.
        converged: (batch, count) whether the residual is within the tolerance.
        method: "dense" or "arnoldi".
        iterations: how often Arnoldi applied J to a vector; 0 of a dense spectrum.
    """

    values: Tensor
    residuals: Tensor
    converged: Tensor
    method: str
    iterations: int


def eigenvalues(
    dynamics: Dynamics,
    state: Tensor,
    count: int | None = None,
    *,
    method: str | None = None,
    start: Tensor | None = None,
    tolerance: float = 1e-9,
    subspace: int | None = None,
    restarts: int = RESTARTS,
) -> Spectrum:
    """Eigenvalues of J at each state: all, or the `count` of largest modulus.

    Args:
        dynamics: the map.
        state: (batch, n) float64.
        count: how many of largest modulus; all n where None.
        method: "dense" or "arnoldi"; where None, dense if all are wanted, or n is at most `DENSE_EIGENVALUES`
            and the memory suffices.
        start: (batch, n) vector that Arnoldi starts from; random where None.
        tolerance, subspace, restarts: as of `leading_eigenvalues`.

    Raises:
        ValueError: if the method is unknown, or count is out of range.
        DynamicsError: if the dense method does not fit the memory, and all are wanted or it was asked for.
    """
    batch, n = checked_state(state).shape
    if count is not None and not 1 <= count <= n:
        raise ValueError(f"count must be within 1 and {n}, not {count}")
    if method not in (None, "dense", "arnoldi"):
        raise ValueError(f"the method is dense or arnoldi, not {method}")
    if method is None:
        small = n <= DENSE_EIGENVALUES and fits(n, batch)
        method = "dense" if count is None or count == n or small else "arnoldi"
    if method == "dense":
        return dense_eigenvalues(dynamics, state, count)
    found = leading_eigenvalues(
        lambda tangents: dynamics.jvp(state, tangents),
        random_frame(state, 1)[:, 0] if start is None else start,
        n if count is None else count,
        tolerance=tolerance,
        subspace=subspace,
        restarts=restarts,
    )
    return Spectrum(found.values, found.residuals, found.converged, "arnoldi", found.iterations)


def dense_eigenvalues(dynamics: Dynamics, state: Tensor, count: int | None = None) -> Spectrum:
    """`eigenvalues` from the Jacobians themselves.

    Raises:
        DynamicsError: if they do not fit the memory.
    """
    batch, n = checked_state(state).shape
    require_fit(n, batch)
    J = dynamics.jacobian(state)
    finite = J.isfinite().all(-1).all(-1)
    values = torch.linalg.eigvals(torch.where(finite[:, None, None], J, 0.0))
    values = values.gather(1, by_modulus(values))[:, :count]
    values = torch.where(finite[:, None], values, torch.nan)
    residuals = n**0.5 * _EPS * torch.linalg.matrix_norm(J)
    return Spectrum(values, residuals[:, None].expand(values.shape), values.isfinite(), "dense", 0)
