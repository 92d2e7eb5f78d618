"""Signal propagation probabilities over the width: given the last token, and walk by walk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from scipy.special import gammainc, ndtri

from widthscope.attention.gram import FloatArray
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.walks.exact import TwoValued, conditional_propagation, exact_propagation
from widthscope.studies.qk_spectrum.walks.sampling import (
    batches,
    chunk_sizes,
    diagonal_scores,
    propagates,
    walk_tokens,
)
from widthscope.studies.qk_spectrum.walks.theory import Summaries, propagation
from widthscope.work import Work


@dataclass(frozen=True)
class Case:
    """Traces (xi, eta) of a spectrum, and its rank; 0 for as many eigenvalues as the width."""

    xi: float
    eta: float
    rank: int = 0

    @property
    def name(self) -> str:
        """The case as text, by which its streams and rows are known."""
        kind = f"rank {self.rank}" if self.rank else "full rank"
        return f"xi={self.xi:g} eta={self.eta:g} {kind}"

    def spectrum(self, width: int) -> TwoValued:
        """Its eigenvalues at a width."""
        return TwoValued.of(self.xi, self.eta, self.rank or width)


FULL_RANK = (Case(0.5, 0.05), Case(1.6, 0.2), Case(0.0, 0.5))
RANK_ONE = (Case(0.5, 0.25, 1), Case(1.6, 2.56, 1), Case(1.0, 1.0, 1))
FIXED_RANK = (Case(0.5, 0.05, 16), Case(1.6, 0.2, 16), Case(0.0, 0.5, 16))
CASES = (*FULL_RANK, *RANK_ONE, *FIXED_RANK)
CONTROL_SHARE = 10
"""Cases of a fixed rank, whose errors are large, get this fraction of the draws."""


def places(tokens: int, count: int) -> list[int]:
    """Positions t at t/T = k / (count + 1), k = 1, ..., count."""
    return [round(tokens * k / (count + 1)) for k in range(1, count + 1)]


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Batch means of rho_t by width, case and position, beside the formula and the quadrature.

    Args:
        settings: `widths`, `tokens`, `positions` (their number), `draws` (at each width, over all batches),
            `witness_width`, `witness_walks`, `batches`, `seed`.
        datasets: none is read.
        work: its device is where walks are formed.

    Returns:
        `error` (batch, width, case, position): of the Gaussian formula, given last tokens; `formula`, `exact`
        (width, case, position): the Gaussian formula and the quadrature; `walked` (batch, case, position):
        shares of propagating keys in walks of the witness width, and `walked_exact`, `walked_formula` (case,
        position).
    """
    tokens, count, widths = settings["tokens"], settings["batches"], settings["widths"]
    positions = places(tokens, settings["positions"])
    draws = settings["draws"] // count
    error = np.zeros((count, len(widths), len(CASES), len(positions)))
    tasks = [(batch, place) for batch in range(count) for place in range(len(widths))]
    for batch, place in work.progress(tasks, total=len(tasks), description="last tokens"):
        for number, case in enumerate(CASES):
            names = ("walks.rho", settings["seed"], case.name, widths[place], tokens, batch)
            size = draws if case in FULL_RANK else draws // CONTROL_SHARE
            error[batch, place, number] = _error(case, widths[place], tokens, positions, size, names)
    exact, formula = (
        np.array([[law(case, width, tokens, positions) for case in CASES] for width in widths])
        for law in (_exact, _formula)
    )
    walked = _walked(settings, positions, work)
    witness = settings["witness_width"]
    by_width, by_case = ("width", "case", "position"), ("case", "position")
    return xr.Dataset(
        {
            "error": (("batch", *by_width), error),
            "exact": (by_width, exact),
            "formula": (by_width, formula),
            "walked": (("batch", *by_case), walked),
            "walked_exact": (by_case, [_exact(case, witness, tokens, positions) for case in CASES]),
            "walked_formula": (by_case, [_formula(case, witness, tokens, positions) for case in CASES]),
        },
        coords={"width": widths, "case": [case.name for case in CASES], "position": positions},
        attrs={
            "tokens": tokens,
            "draws": draws,
            "control_draws": draws // CONTROL_SHARE,
            "walks": settings["witness_walks"] // count,
            "witness_width": witness,
        },
    )


def _exact(case: Case, width: int, tokens: int, positions: Sequence[int]) -> FloatArray:
    return exact_propagation(positions, tokens, case.spectrum(width))


def _formula(case: Case, width: int, tokens: int, positions: Sequence[int]) -> FloatArray:
    return propagation(positions, tokens, Summaries.symmetric(case.xi, case.eta))


def _error(
    case: Case, width: int, tokens: int, positions: Sequence[int], draws: int, names: Sequence[str | int]
) -> FloatArray:
    r"""Mean over drawn last tokens of the error of the Gaussian formula, (position,); its mean is exact less
    formula.

    Only |x_T|^2 on the two eigenspaces counts, A ~ chi^2_p and B ~ chi^2_q. With Q and N^2 replaced by T xi +
    T sqrt(2 eta) Z and T eta the score is Gaussian, and P(propagates | x_T) has the formula as its mean: Z is
    made from the normal scores of A and B, so that the difference of the two has little noise and no bias.
    """
    spectrum = case.spectrum(width)
    generator = numpy_generator("qk_spectrum", *names)
    Q, square, Z = np.zeros(draws), np.zeros(draws), np.zeros(draws)
    for value, degrees in ((spectrum.a, spectrum.p), (spectrum.b, spectrum.q)):
        if degrees:
            A = generator.chisquare(degrees, draws)
            Q += tokens * value * A
            square += tokens * value**2 * A
            Z += value * np.sqrt(degrees / case.eta) * ndtri(gammainc(degrees / 2, A / 2))
    Q_gaussian = tokens * (case.xi + np.sqrt(2 * case.eta) * Z)
    N, N_gaussian = np.sqrt(square), np.full(draws, np.sqrt(tokens * case.eta))
    return np.array(
        [
            np.mean(
                conditional_propagation(Q, N, t, tokens)
                - conditional_propagation(Q_gaussian, N_gaussian, t, tokens)
            )
            for t in positions
        ]
    )


def _walked(settings: Mapping[str, Any], positions: Sequence[int], work: Work) -> FloatArray:
    """Shares of propagating keys (batch, case, position) in walks of which every step is drawn."""
    width, tokens, count = settings["witness_width"], settings["tokens"], settings["batches"]
    spectra = torch.zeros((len(CASES), width))
    for number, case in enumerate(CASES):
        spectrum = case.spectrum(width)
        spectra[number, : spectrum.p] = spectrum.a
        spectra[number, spectrum.p : spectrum.p + spectrum.q] = spectrum.b
    spectra = spectra.to(work.device)
    every = list(range(1, tokens + 1))
    chosen = torch.tensor(positions) - 1
    walks = settings["witness_walks"] // count
    shares = np.zeros((count, len(CASES), len(positions)))
    for batch, generator in batches(count, work, "walks.rho", settings["seed"], width, tokens):
        for size in chunk_sizes(walks, width * tokens):
            x = walk_tokens(size, width, every, generator, work.device)
            inside = propagates(diagonal_scores(x[:, chosen], x[:, -1], spectra), tokens)
            shares[batch] += inside.sum(0).mT.cpu().numpy()
    return np.asarray(shares / walks, dtype=np.float64)
