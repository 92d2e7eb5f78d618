"""States at which the energy rises, by formula and by simulation."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.energies import attention_flow, energy_rate, log_energy
from widthscope.progress import Progress
from widthscope.studies.jacobian_dynamics.energy import theory
from widthscope.studies.jacobian_dynamics.energy.weights import (
    gaussian,
    orthonormal_blocks,
    symmetric_part,
)

LARGEST_SKEW = 2.0
DISTANCE = 1e-3
"""Of tokens from an eigenvector: the expansion errs by its square."""

BRACKET = 8.0
"""A threshold is looked for between its prediction over and times this."""

HALVINGS = 40
OVERLAPS = ((2.0, 1.0), (2.0, 0.25), (4.0, 1.0), (1.5, 2.0))
"""Strength c of the second head, A_2 = -c I, and beta, of the overlapping heads."""

OVERLAPPING_TOKENS = 3


def table(settings: Mapping[str, Any], progress: Progress) -> xr.Dataset:
    """Every counter-example as measured and as predicted.

    Args:
        settings: the values of `CounterExamples` and of `Flows`, and `seed`.
        progress: wraps the loop over the four families.
    """
    parts = (_pairs_of_tokens, _thresholds, _rings, _overlaps)
    return xr.merge(
        [part(settings) for part in progress(parts, description="counter-examples")],
        combine_attrs="drop",
    ).assign_attrs(ratio=settings["ratio"], tokens=settings["tokens"])


def _pairs_of_tokens(settings: Mapping[str, Any]) -> xr.Dataset:
    """Two tokens under A = [[1, a], [-a, 1]] and B = I, over skew, angle and beta."""
    betas = settings["betas"]
    skews = np.linspace(0, LARGEST_SKEW, settings["skews"] + 1)[1:]
    angles = np.linspace(0, math.pi / 2, settings["angles"] + 2)[1:-1]
    A = torch.cat([theory.two_token_scores(a) for a in skews])
    states = torch.cat([theory.two_tokens(phi) for phi in angles], dim=1).expand(len(skews), -1, -1, -1)
    identity = torch.eye(2, dtype=torch.float64).expand_as(A)
    shape = (len(betas), len(skews), len(angles))
    balance, error, wrong = np.empty(shape), np.empty(shape), np.empty(shape)
    for k, beta in enumerate(betas):
        rate = energy_rate(A, beta, states, attention_flow(A, identity, beta, states), projected=True)
        largest = (rate.relative / rate.balance).numpy()
        balance[k] = rate.balance.numpy()
        formula = np.array([[theory.two_token_rate(a, phi, beta) for phi in angles] for a in skews])
        symmetric = np.array([[theory.two_token_rate(0.0, phi, beta) for phi in angles]])
        error[k] = np.abs(rate.relative.numpy() - formula) / largest
        wrong[k] = np.abs(rate.relative.numpy() - symmetric) / largest
    critical = [[theory.critical_skew(phi, beta) for phi in angles] for beta in betas]
    grid = ("beta", "skew", "angle")
    return xr.Dataset(
        {
            "pair_balance": (grid, balance),
            "pair_error": (grid, error),
            "pair_wrong_error": (grid, wrong),
            "critical_skew": (("beta", "angle"), np.asarray(critical)),
        },
        coords={"beta": np.asarray(betas, dtype=float), "skew": skews, "angle": angles},
    )


def _thresholds(settings: Mapping[str, Any]) -> xr.Dataset:
    """The inverse temperature above which tokens near an eigenvector of sym(A) gain energy, by draw."""
    A = gaussian(settings, "score", settings["width"])
    tokens = 2 * max(1, settings["tokens"] // 2)
    thresholds, states, rival = theory.near_consensus(A[:, 0], DISTANCE, tokens)
    predicted = thresholds[:, -1]
    low, high = predicted / BRACKET, predicted * BRACKET
    for _ in range(HALVINGS):
        middle = (low * high).sqrt()
        rises = _balance_at(A, states, middle) > 0
        low, high = torch.where(rises, low, middle), torch.where(rises, middle, high)
    return xr.Dataset(
        {
            "threshold": ("draw", predicted.numpy()),
            "measured_threshold": ("draw", (low * high).sqrt().numpy()),
            "rival_threshold": ("draw", rival.numpy()),
            "lowest_threshold": ("draw", thresholds.amin(dim=-1).numpy()),
        },
        coords={"draw": np.arange(settings["draws"])},
    )


def _balance_at(score: Tensor, states: Tensor, beta: Tensor) -> Tensor:
    """Balance with B = sym(A), on the sphere, at an inverse temperature for each draw: beta goes into A."""
    scaled = score * beta[:, None, None, None]
    force = attention_flow(scaled, symmetric_part(score), 1.0, states)
    return energy_rate(scaled, 1.0, states, force, projected=True).balance[:, 0]


def _rings(settings: Mapping[str, Any]) -> xr.Dataset:
    """The ring in the blocks of a first head, with A = U_1 U_2^T and with its symmetric part."""
    first, second = orthonormal_blocks(settings)
    tokens = 2 * max(2, settings["tokens"] // 2)
    states = theory.ring(first[:, 0], second[:, 0], settings["ratio"], tokens)
    A = first @ second.mT
    found = {}
    for name, score in (("ring_balance", A), ("ring_symmetrised", symmetric_part(A))):
        rates = [
            energy_rate(
                score, beta, states, attention_flow(score, symmetric_part(A), beta, states), projected=False
            )
            for beta in settings["betas"]
        ]
        found[name] = (("beta", "draw"), torch.cat([rate.balance for rate in rates], dim=1).T.numpy())
    return xr.Dataset(found)


def _overlaps(settings: Mapping[str, Any]) -> xr.Dataset:
    """dE/dt of two heads I and -c I at tokens that are all one random vector, and by the formula."""
    width = settings["width"]
    vector = gaussian({**settings, "draws": 1}, "one token", width)[0, 0, 0]
    states = (vector / vector.norm()).expand(OVERLAPPING_TOKENS, width)[None, None]
    identity = torch.eye(width, dtype=torch.float64)
    rows = []
    for strength, beta in OVERLAPS:
        A = torch.stack([identity, -strength * identity])[None]
        rate = energy_rate(A, beta, states, attention_flow(A, A, beta, states), projected=False)
        measured = (rate.relative * log_energy(A, beta, states).exp()).item()
        formula = theory.overlapping_heads_rate(strength, 1.0, beta, OVERLAPPING_TOKENS)
        rows.append((measured, formula, theory.orthogonal_heads_rate(A, beta, states).item()))
    measured_rates, formulas, orthogonal = np.array(rows).T
    return xr.Dataset(
        {
            "overlap_rate": ("overlap", measured_rates),
            "overlap_formula": ("overlap", formulas),
            "overlap_wrong_formula": ("overlap", orthogonal),
        },
        coords={"overlap": [f"c={strength:g}, β={beta:g}" for strength, beta in OVERLAPS]},
    )
