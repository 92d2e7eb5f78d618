"""Dense associative memories as harmoniums: independent layers, stationarity, and block Gibbs sampling."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann.harmonium import LAGRANGIANS, Harmonium, gibbs_samples, transition_matrix
from widthscope.boltzmann.special_cases import all_spins
from widthscope.streams import torch_generator
from widthscope.work import Work

HIDDEN, NORM, BIAS = 2, 0.8, 0.3
"""Hidden units, length of each one's weights, scale of the biases: a sweep then keeps at most 0.7 of what is
left of the start, and the dense associative memory of a quartic or cubic F is far from the marginal."""

POINTS, COARSE = 1001, 61
"""Of the grid of h that is sampled from, and of that on which sweeps are integrated over both units."""

COUPLING = 0.1
"""Between the hidden units of the control, which are not independent given the spins."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Exact and sampled marginals of the spins, by Lagrangian and seed.

    Args:
        settings: `visible`, `seeds`, `chains`, `sweeps`, `seed`.
        datasets: none is read.
        work: its progress shows the harmoniums done.

    Returns:
        Over (lagrangian, seed): `dependence` of the hidden units given the spins, largest |joint - product of
        marginals| relative to the largest product, and `coupled_dependence` where they are coupled;
        `stationarity`, largest change of the marginal by a sweep, and `eliminated_stationarity` of the dense
        associative memory's density; `distance`, total variation of these two; `chi_squared` of the sampled
        states under the marginal, and `eliminated_chi_squared` under the other. For the first seed,
        `probability` (lagrangian, law, state).
    """
    names = list(LAGRANGIANS)
    seeds = range(settings["seeds"])
    jobs = [(name, seed) for name in names for seed in seeds]
    found = [
        _of_seed(settings, name, seed)
        for name, seed in work.progress(jobs, total=len(jobs), description="harmoniums")
    ]
    numbers = {
        name: (
            ("lagrangian", "seed"),
            np.array([row[name] for row, _ in found]).reshape(len(names), len(seeds)),
        )
        for name in found[0][0]
    }
    shown = np.stack([found[place * len(seeds)][1] for place in range(len(names))])
    return xr.Dataset(
        {**numbers, "probability": (("lagrangian", "law", "state"), shown)},
        coords={"lagrangian": names, "law": ["exact", "sampled", "eliminated"]},
        attrs={name: settings[name] for name in ("chains", "sweeps", "visible")},
    )


def drawn_harmonium(key: tuple[str | int, ...], name: str, visible: int, points: int) -> Harmonium:
    """Weights of one length and normal biases, from a stream of their own."""
    generator = torch_generator(*key)
    weights = torch.randn(HIDDEN, visible, generator=generator, dtype=torch.float64)
    weights = NORM * weights / torch.linalg.vector_norm(weights, dim=1, keepdim=True)
    bias = BIAS * torch.randn(visible, generator=generator, dtype=torch.float64)
    return Harmonium(weights, bias, LAGRANGIANS[name], points)


def _of_seed(settings: Mapping[str, Any], name: str, seed: int) -> tuple[dict[str, float], np.ndarray]:
    key = ("attnbm", "identities.harmoniums", settings["seed"], name, seed)
    fine, coarse = (drawn_harmonium(key, name, settings["visible"], n) for n in (POINTS, COARSE))
    marginal, eliminated = fine.marginal(), fine.eliminated()
    generator = torch_generator(*key, "chains")
    counts = gibbs_samples(fine, settings["chains"], settings["sweeps"], generator).double()
    kernel = transition_matrix(coarse)

    def change(law: Tensor) -> float:
        return float((law @ kernel - law).abs().max())

    def chi_squared(law: Tensor) -> float:
        expected = settings["chains"] * law
        return float(((counts - expected).square() / expected).sum())

    numbers = {
        "dependence": dependence(coarse, 0.0),
        "coupled_dependence": dependence(coarse, COUPLING),
        "stationarity": change(coarse.marginal()),
        "eliminated_stationarity": change(coarse.eliminated()),
        "distance": float((marginal - eliminated).abs().sum()) / 2,
        "chi_squared": chi_squared(marginal),
        "eliminated_chi_squared": chi_squared(eliminated),
    }
    return numbers, torch.stack([marginal, counts / settings["chains"], eliminated]).numpy()


def dependence(harmonium: Harmonium, coupling: float) -> float:
    """Largest |p(h, h' | s) - p(h | s) p(h' | s)| over states and grid, relative to the largest product.

    Args:
        coupling: of a term tanh f(h) tanh f(h') that a harmonium does not have.
    """
    h = harmonium.grid
    slope = harmonium.lagrangian.slope(h)
    own = harmonium.lagrangian.value(h) - h * slope + harmonium.log_measure()
    bounded = torch.tanh(slope)
    worst = 0.0
    for x, y in (all_spins(len(harmonium.bias)) @ harmonium.weights.mT).tolist():
        logs = (own + slope * x).unsqueeze(-1) + (own + slope * y)
        joint = torch.softmax((logs + coupling * torch.outer(bounded, bounded)).flatten(), 0).view(len(h), -1)
        product = torch.outer(joint.sum(1), joint.sum(0))
        worst = max(worst, float((joint - product).abs().max() / product.max()))
    return worst
