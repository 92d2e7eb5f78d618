"""Every model at states of every kind: the same Jacobian and eigenvalues by ways that share no code."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.studies.jacobian_dynamics.algorithms import comparison, wrong
from widthscope.studies.jacobian_dynamics.algorithms.cases import KINDS, MODELS, Case, case
from widthscope.work import Work

PARTS = ("unit", "rms")
"""Models of which a part of the Jacobian is left out as a control."""

COMPLEX = 1e-3
"""Imaginary part over the modulus from which a leading eigenvalue counts as one of a pair."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Relative differences by model, kind of state and member.

    Args:
        settings: `width`, `heads`, `tokens`, `states`, `settled`, `training`, `leading`, `seed`.
        datasets: none is read.
        work: its progress shows the models done.

    Returns:
        Over (model, kind, member): `dense` (closed form against autograd), `tangents` (J v and J^T u against
        autograd's matrix), `arnoldi` and `arpack` (leading eigenvalues against LAPACK on the closed form);
        `applied`, how often Arnoldi applied J. NaN where a way did not converge. Of controls, NaN where they
        do not apply: `no_softmax` and `no_projector`, such Jacobians against autograd, `no_softmax_arpack`,
        eigenvalues of the former against ARPACK's; `power`, Rayleigh quotients of power iteration against
        the leading eigenvalue where that is one of a pair.
    """
    rows = []
    for model in work.progress(list(MODELS), total=len(MODELS), description="models"):
        rows.append([_compared(case(model, kind, settings), model, settings["leading"]) for kind in KINDS])
    return xr.Dataset(
        {
            name: (
                ("model", "kind", "member"),
                np.stack([[one[name].numpy() for one in row] for row in rows]).astype(np.float64),
            )
            for name in rows[0][0]
        },
        coords={"model": list(MODELS), "kind": list(KINDS)},
        attrs={name: settings[name] for name in ("width", "heads", "tokens", "states", "leading")},
    )


def _compared(one: Case, model: str, count: int) -> dict[str, Tensor]:
    """Each difference (member,)."""
    dynamics = one.dynamics()
    J = dynamics.jacobian(one.flat)
    reference = one.by_autograd().jacobian(one.flat)
    every = torch.linalg.eigvals(J)
    ours, applied = comparison.by_arnoldi(dynamics, one, count)
    arpack = comparison.by_arpack(one, count)
    found = {
        "dense": comparison.of_matrices(J, reference),
        "tangents": comparison.of_tangents(dynamics, one, reference),
        "arnoldi": comparison.of_eigenvalues(ours, every),
        "arpack": comparison.of_eigenvalues(arpack, every),
        "applied": applied.expand(len(J)),
        "power": _power(J, every, one),
    }
    nowhere = torch.full((len(J),), torch.nan, dtype=torch.float64)
    found |= dict.fromkeys(("no_softmax", "no_projector", "no_softmax_arpack"), nowhere)
    if model in PARTS:
        fixed = wrong.without_softmax(one)
        found["no_softmax"] = comparison.of_matrices(fixed, reference)
        found["no_projector"] = comparison.of_matrices(wrong.without_projector(one), reference)
        found["no_softmax_arpack"] = comparison.of_eigenvalues(arpack, torch.linalg.eigvals(fixed))
    return found


def _power(J: Tensor, every: Tensor, one: Case) -> Tensor:
    """Distance of power iteration's quotient from a complex leading eigenvalue, relative; else NaN."""
    leading = every.gather(1, every.abs().argmax(1, keepdim=True))[:, 0]
    apart = (wrong.power_iteration(J, one.tangents[:, 0]) - leading).abs() / leading.abs()
    return torch.where(leading.imag.abs() > COMPLEX * leading.abs(), apart, torch.nan)
