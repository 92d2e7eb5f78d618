"""Differences between ways to the same Jacobian and the same eigenvalues, each relative to its size."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import ArpackError, ArpackNoConvergence, LinearOperator, eigs
from torch import Tensor

from widthscope.attention.jacobians.dynamics import RecurrentDynamics
from widthscope.spectra.arnoldi import leading_eigenvalues
from widthscope.spectra.dynamics import Dynamics
from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.studies.jacobian_dynamics.algorithms.cases import Case

SUBSPACE = 48
"""Of Arnoldi and of ARPACK: below the size of every state, so that both must converge."""

FINITE_DIFFERENCE = 1e-5
"""Length of a difference over that of the state: cuts and rounding are then of the order 1e-10."""


def of_matrices(found: Tensor, reference: Tensor) -> Tensor:
    """Largest |difference| of an entry over the largest entry, (member, ...) -> (member,)."""
    largest = reference.flatten(1).abs().amax(1)
    return (found - reference).flatten(1).abs().amax(1) / largest


def of_tangents(dynamics: Dynamics, case: Case, reference: Tensor) -> Tensor:
    """Largest difference of J v and J^T u from those by the matrix, relative, (member,)."""
    state, tangents = case.flat, case.tangents
    forward = of_matrices(dynamics.jvp(state, tangents), tangents @ reference.mT)
    return torch.maximum(forward, of_matrices(dynamics.vjp(state, tangents), tangents @ reference))


def of_eigenvalues(found: Tensor, every: Tensor) -> Tensor:
    """Largest distance of leading eigenvalues (member, k) from those of all (member, n), and of the largest
    moduli from each other, over the latter; (member,), NaN where one is missing."""
    largest = every.abs().amax(1)
    apart = largest_distance(found, every)
    radii = (found.abs().amax(1) - largest).abs()
    return torch.maximum(apart, radii) / largest


def by_arnoldi(dynamics: Dynamics, case: Case, count: int) -> tuple[Tensor, Tensor]:
    """Leading eigenvalues (member, k) by the library's Arnoldi on J v, NaN where not converged, and how often
    it applied J."""
    state = case.flat
    found = leading_eigenvalues(
        lambda tangents: dynamics.jvp(state, tangents),
        case.tangents[:, 0],
        count,
        tolerance=1e-12,
        subspace=SUBSPACE,
    )
    missing = torch.complex(torch.tensor(torch.nan), torch.tensor(torch.nan)).to(found.values)
    return torch.where(found.converged, found.values, missing), torch.tensor(found.iterations)


def by_arpack(case: Case, count: int) -> Tensor:
    """Leading eigenvalues (member, k) by ARPACK on central differences of the step alone; NaN if it fails."""
    rows = [_arpack(case, member, count) for member in range(len(case.state))]
    return torch.from_numpy(np.stack(rows))


def _arpack(case: Case, member: int, count: int) -> NDArray[np.complex128]:
    """Of one member: its state moved both ways is a batch of two."""
    parameters = {name: values[member : member + 1] for name, values in case.parameters.items()}
    step = RecurrentDynamics(case.rule, parameters, case.drive[member].expand(1, 2, -1, -1)).step
    at = case.flat[member]
    length = FINITE_DIFFERENCE * float(at.norm())

    def matvec(vector: NDArray[np.float64]) -> NDArray[np.float64]:
        tangent = torch.from_numpy(np.ravel(vector))
        size = float(tangent.norm())
        moved = tangent * (length / size)
        forth, back = step(torch.stack([at + moved, at - moved]))
        return np.asarray(((forth - back) * (size / (2 * length))).numpy())

    n = len(at)
    try:
        found = eigs(
            LinearOperator((n, n), matvec=matvec, dtype=np.float64),
            k=count,
            which="LM",
            v0=case.tangents[member, 0].numpy(),
            ncv=SUBSPACE,
            tol=1e-11,
            return_eigenvectors=False,
        )
    except (ArpackError, ArpackNoConvergence):
        return np.full(count, np.nan + 1j * np.nan)
    return np.asarray(found, dtype=np.complex128)
