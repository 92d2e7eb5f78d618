"""Profiles of the signal propagation probability over the sequence, and of true softmax beside them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.attention.gram import FloatArray
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.walks.exact import TwoValued, exact_propagation
from widthscope.studies.qk_spectrum.walks.sampling import (
    batches,
    chunk_sizes,
    diagonal_scores,
    propagates,
    walk_tokens,
)
from widthscope.studies.qk_spectrum.walks.theory import Summaries, propagation, two_valued_spectrum
from widthscope.work import Work

ANTISYMMETRIC = "antisymmetric"
"""Name of the spectrum-free control: the antisymmetric part of a Gaussian W, for which xi = 0."""


def spectrum_name(xi: float, eta: float) -> str:
    """Name of a two-valued spectrum in results."""
    return f"xi={xi:g} eta={eta:g}"


def spectra(settings: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Every (xi, eta): the late-site and middle-site means with both signs, and a mean of zero."""
    late, middle = settings["late_xi"], settings["middle_xi"]
    signed = [(late, settings["late_eta"]), (0.0, settings["late_eta"]), (-late, settings["late_eta"])]
    signed += [(middle, settings["middle_eta"]), (-middle, settings["middle_eta"])]
    return [(xi, eta) for xi, etas in signed for eta in etas]


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Profiles of propagation by Monte Carlo, formula and quadrature; and one regime with its true softmax.

    Args:
        settings: `width`, `tokens`, `grid` (steps of T/grid), `late_xi`, `late_eta`, `middle_xi`,
            `middle_eta`, `walks` (over all batches), `batches`, `softmax_tokens`, `softmax_walks`,
            `softmax_eta`, `seed`.
        datasets: none is read.
        work: its device is where walks are formed.

    Returns:
        `profiles`: `propagated` (batch, spectrum, position), shares of propagating keys; `formula`, `exact`
        (spectrum, position), NaN for the antisymmetric control; `xi`, `eta` (spectrum).
        `softmax`: `mass`, `linear`, `propagated` (batch, position) for every key, and by batch the entropy of
        softmax over log T, the centre of its mass in t/T, and the sum of a clipped-linear row.
    """
    return xr.DataTree.from_dict({"profiles": profiles(settings, work), "softmax": softmax(settings, work)})


def profiles(settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """Shares of propagating keys at t = T k / grid, k = 1, ..., grid - 1; all spectra meet the same walks."""
    width, tokens, count, grid = (settings[name] for name in ("width", "tokens", "batches", "grid"))
    positions = [tokens * k // grid for k in range(1, grid + 1)]
    pairs = spectra(settings)
    eigenvalues = np.stack([two_valued_spectrum(xi, eta, width) for xi, eta in pairs])
    eigenvalues_there = torch.from_numpy(eigenvalues).float().to(work.device)
    antisymmetric, eta1, eta2 = _antisymmetric(width, settings["late_eta"][0])
    form = torch.from_numpy(antisymmetric).float().to(work.device)
    walks = settings["walks"] // count
    shares = np.zeros((count, len(pairs) + 1, grid - 1))
    for batch, generator in batches(count, work, "walks.profiles", settings["seed"], width, tokens, grid):
        for size in chunk_sizes(walks, width * grid):
            x = walk_tokens(size, width, positions, generator, work.device)
            keys, query = x[:, :-1], x[:, -1]
            scores = diagonal_scores(keys, query, eigenvalues_there)
            turned = keys @ (query @ form)[:, :, None]
            inside = propagates(torch.cat([scores, turned], dim=-1), tokens)
            shares[batch] += inside.sum(0).mT.cpu().numpy()
    places = positions[:-1]
    summaries = [*(Summaries.symmetric(xi, eta) for xi, eta in pairs), Summaries(0.0, eta1, eta2)]
    exact = [exact_propagation(places, tokens, TwoValued.of(xi, eta, width)) for xi, eta in pairs]
    return xr.Dataset(
        {
            "propagated": (("batch", "spectrum", "position"), shares / walks),
            "formula": (("spectrum", "position"), [propagation(places, tokens, one) for one in summaries]),
            "exact": (("spectrum", "position"), [*exact, np.full(len(places), np.nan)]),
            "xi": ("spectrum", [one.xi for one in summaries]),
            "eta": ("spectrum", [one.eta2 for one in summaries]),
        },
        coords={
            "spectrum": [*(spectrum_name(xi, eta) for xi, eta in pairs), ANTISYMMETRIC],
            "position": places,
        },
        attrs={"width": width, "tokens": tokens, "walks": walks},
    )


def softmax(settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """The middle-site regime with every token drawn: true softmax, clipped-linear softmax, and
    propagation."""
    width, tokens, count = settings["width"], settings["softmax_tokens"], settings["batches"]
    xi, eta = settings["middle_xi"], settings["softmax_eta"]
    eigenvalues = torch.from_numpy(two_valued_spectrum(xi, eta, width)).float().to(work.device)[None]
    walks = settings["softmax_walks"] // count
    rows: list[dict[str, FloatArray]] = []
    for _, generator in batches(count, work, "walks.softmax", settings["seed"], width, tokens):
        sums: dict[str, FloatArray] = {}
        for size in chunk_sizes(walks, width * tokens):
            x = walk_tokens(size, width, range(1, tokens + 1), generator, work.device)
            scores = diagonal_scores(x, x[:, -1], eigenvalues)[..., 0]
            for name, values in row_statistics(scores).items():
                sums[name] = sums.get(name, 0.0) + values.sum(0, dtype=torch.float64).cpu().numpy()
        rows.append({name: total / walks for name, total in sums.items()})
    dims = {
        "mass": ("batch", "position"),
        "linear": ("batch", "position"),
        "propagated": ("batch", "position"),
    }
    return xr.Dataset(
        {name: (dims.get(name, ("batch",)), np.stack([row[name] for row in rows])) for name in rows[0]},
        coords={"position": list(range(1, tokens + 1))},
        attrs={"width": width, "tokens": tokens, "walks": walks, "xi": xi, "eta": eta},
    )


def row_statistics(scores: Tensor) -> dict[str, Tensor]:
    """Of the last rows (N, T) of scores: attention, clipped-linear weights, propagation, and three summaries.

    `entropy` is over log T; `centre` is the mean of t/T under softmax; `row_sum` that of the clipped-linear
    row.
    """
    tokens = scores.shape[-1]
    attention = torch.softmax(scores, dim=-1)
    linear = ((1 + scores) / tokens).clamp(0, 1)
    place = torch.arange(1, tokens + 1, device=scores.device, dtype=scores.dtype) / tokens
    return {
        "mass": attention,
        "linear": linear,
        "propagated": propagates(scores, tokens).to(scores.dtype),
        "entropy": torch.special.entr(attention).sum(-1) / np.log(tokens),
        "centre": attention @ place,
        "row_sum": linear.sum(-1),
    }


def _antisymmetric(width: int, eta: float) -> tuple[FloatArray, float, float]:
    """Antisymmetric part of a Gaussian matrix, scaled to eta_2 = eta, with its eta_1 = -eta and eta_2."""
    G = numpy_generator("qk_spectrum", "walks.profiles", "antisymmetric", width).standard_normal(
        (width, width)
    )
    A = (G - G.T) / 2
    A *= np.sqrt(eta) / np.linalg.norm(A)
    found = Summaries.of(A)
    return A, found.eta1, found.eta2
