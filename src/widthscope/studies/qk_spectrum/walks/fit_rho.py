"""Evidence on the Gaussian formula of the signal propagation probability, and how its error falls."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.distances import squared_mmd
from widthscope.statistics.evidence import evidence, of_estimates
from widthscope.statistics.intervals import Estimate, batch_means
from widthscope.statistics.power_laws import exact_slope, fit_slope
from widthscope.studies.qk_spectrum.walks.exact import TwoValued, exact_propagation
from widthscope.studies.qk_spectrum.walks.theory import Summaries, propagation

EXACT_WIDTHS = (256, 512, 1024, 2048, 4096)
"""Widths of the errors that quadrature gives without draws."""

CLEARLY_AWAY = 0.1
"""The control holds where quadrature puts the formula so far from the truth; elsewhere it is about right."""

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def tests(table: xr.Dataset) -> Evidence:
    """Rates of the error by draws and by quadrature, beside rank one; walks beside the formula at rank
    one."""
    full, one = _cases(table, "full rank"), _cases(table, "rank 1")
    return {
        "slope": (_slopes(table, full), _slopes(table, one)),
        "exact-rate": (_exact_rates(table, full), _exact_rates(table, one)),
        "walks": (
            _walked(table, table["case"].values.tolist(), "walked_exact"),
            _walked(table, one, "walked_formula", away=CLEARLY_AWAY),
        ),
        "fixed-rank": (_fixed_rank(table), None),
    }


def curves(table: xr.Dataset) -> xr.Dataset:
    """Root mean square error over the positions, by width and case: measured with its error, and by
    quadrature."""
    widths, cases = table["width"].values, table["case"].values.tolist()
    found = [[_rms(table, case, width) for width in widths] for case in cases]
    gap = (table["exact"] - table["formula"]).transpose("case", "width", "position").values
    dims = ("case", "width")
    return xr.Dataset(
        {
            "rms": (dims, [[one.value for one in row] for row in found]),
            "rms_error": (dims, [[one.standard_error for one in row] for row in found]),
            "exact": (dims, np.sqrt(np.mean(gap**2, axis=-1))),
        },
        coords={"case": cases, "width": widths},
        attrs={"tokens": int(table.attrs["tokens"])},
    )


def _cases(table: xr.Dataset, ending: str) -> list[str]:
    return [str(case) for case in table["case"].values if str(case).endswith(ending)]


def _squared_error(table: xr.Dataset, case: str, width: int) -> Estimate:
    """Mean square error over the positions from products of different batches: draws add no floor to it."""
    return squared_mmd(table["error"].sel(case=case, width=width).values)


def _rms(table: xr.Dataset, case: str, width: int) -> Estimate:
    found = _squared_error(table, case, width)
    if not found.value > 0:
        return Estimate(np.nan, np.nan, found.degrees)
    rms = float(np.sqrt(found.value))
    return Estimate(rms, found.standard_error / (2 * rms), found.degrees)


def _slopes(table: xr.Dataset, cases: Sequence[str]) -> xr.Dataset:
    """Slope of the log of the rms error on log d, by case."""
    widths = table["width"].values
    lines = []
    for case in cases:
        found = [_squared_error(table, case, width) for width in widths]
        value, error = ([getattr(one, name) for one in found] for name in ("value", "standard_error"))
        lines.append(fit_slope(widths, value, error, degrees=found[0].degrees))
    return of_estimates(
        list(cases),
        [Estimate(line.exponent / 2, line.standard_error / 2, line.degrees) for line in lines],
        prediction=-1.0,
        n=_draws(table, cases[0]) * len(widths),
    )


def _exact_rates(table: xr.Dataset, cases: Sequence[str]) -> xr.Dataset:
    """Slopes of the error that quadrature gives, over `EXACT_WIDTHS`."""
    slopes = [exact_slope(EXACT_WIDTHS, [_exact_rms(table, case, d) for d in EXACT_WIDTHS]) for case in cases]
    return evidence(list(cases), [slope.exponent for slope in slopes], 0.0, prediction=-1.0)


def _exact_rms(table: xr.Dataset, case: str, width: int) -> float:
    xi, eta, rank = traces_of(case)
    positions, tokens = table["position"].values, int(table.attrs["tokens"])
    exact = exact_propagation(positions, tokens, TwoValued.of(xi, eta, rank or width))
    formula = propagation(positions, tokens, Summaries.symmetric(xi, eta))
    return float(np.sqrt(np.mean((exact - formula) ** 2)))


def traces_of(case: str) -> tuple[float, float, int]:
    """xi, eta and rank (0: as many eigenvalues as the width) from a case's name."""
    xi, eta, kind = case.split(" ", 2)
    rank = 0 if kind == "full rank" else int(kind.removeprefix("rank "))
    return float(xi.removeprefix("xi=")), float(eta.removeprefix("eta=")), rank


def _walked(table: xr.Dataset, cases: Sequence[str], law: str, away: float = 0.0) -> xr.Dataset:
    """Shares of propagating keys walk by walk, beside a law that quadrature puts at least `away` off;
    deviations are absolute."""
    chosen = table.sel(case=list(cases))
    found = batch_means(chosen["walked"].values)
    predicted: FloatArray = chosen[law].values
    kept = np.abs(predicted - chosen["walked_exact"].values) >= away
    names = np.array([[f"{case} t={t}" for t in table["position"].values] for case in cases])
    return of_estimates(
        names[kept].tolist(),
        Estimate(found.value[kept], found.standard_error[kept], found.degrees),
        predicted[kept],
        n=int(table.attrs["walks"]) * table.sizes["batch"],
        scale=1.0,
    )


def _fixed_rank(table: xr.Dataset) -> xr.Dataset:
    """Root mean square error of spectra of a fixed rank at every width; predicted by quadrature."""
    cases = [*_cases(table, "rank 16"), *_cases(table, "rank 1")]
    pairs = [(case, int(width)) for case in cases for width in table["width"].values]
    found = [_rms(table, *pair) for pair in pairs]
    return of_estimates(
        [f"{case} d={width}" for case, width in pairs],
        found,
        [_exact_rms(table, *pair) for pair in pairs],
        n=_draws(table, cases[0]),
    )


def _draws(table: xr.Dataset, case: str) -> int:
    name = "draws" if case.endswith("full rank") else "control_draws"
    return int(table.attrs[name]) * table.sizes["batch"]
