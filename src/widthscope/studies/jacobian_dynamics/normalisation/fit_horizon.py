"""Evidence on exponents over a horizon: the gap that normalisation makes, and lengths under drive.

`paired` compares each draw with the law for its own B, tokens and drive, which leaves the error of the width
limit alone; comparisons with the law itself carry the spread of draws too.
"""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.attention.gram import FloatArray
from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.statistics.over_seeds import band, of_seeds
from widthscope.statistics.power_laws import fit_slope
from widthscope.studies.jacobian_dynamics.normalisation import theory

Evidence = dict[str, tuple[xr.Dataset, xr.Dataset | None]]


def gap_tests(table: xr.Dataset) -> Evidence:
    """The gap at the largest width beside its law, and paired with each draw's; how the latter's deviation
    falls; and the exponent without a norm beside that of B."""
    measured = table["none"] - table["unit"]
    last, cells = measured.isel(width=-1), [str(cell) for cell in table["cell"].values]
    seeds = list(last.transpose("cell", "seed").values)
    paired, wrong = measured - table["lengths"], measured - table["one_token"]
    bare = (table["none"] - table["transient"]).isel(width=-1)
    return {
        "gap": (of_seeds(cells, seeds, gap_law(table)), of_seeds(cells, seeds, gap_without_tokens(table))),
        "paired": (_at_last(paired, "cell", cells), _at_last(wrong, "cell", cells)),
        "falls": (falling(paired, "cell"), falling(wrong, "cell")),
        "without-norm": (of_seeds(cells, list(bare.transpose("cell", "seed").values), 0.0), None),
    }


def growth_tests(table: xr.Dataset) -> Evidence:
    """Lengths at the largest width beside the recursion, exponents beside what B and the lengths say; each
    also without the drive in the recursion."""
    kappas = [f"κ={kappa:g}" for kappa in table["kappa"].values]
    lengths = table["lengths"].isel(width=-1).transpose("kappa", "seed").values
    bare = recursion(table, driven=False)
    paired = table["unit"] - (table["transient"] - table["realised"])
    undriven = table["unit"] - (table["transient"] - bare[0])
    along = (table["lengths"] - table["realised"]).isel(width=-1).transpose("kappa", "seed").values
    return {
        "exponent": (_at_last(paired, "kappa", kappas), _at_last(undriven, "kappa", kappas)),
        "lengths": (
            of_seeds(kappas, list(lengths), recursion(table)),
            of_seeds(kappas, list(lengths), bare),
        ),
        "falls": (falling(paired, "kappa"), falling(undriven, "kappa")),
        "paired-lengths": (of_seeds(kappas, list(along), 0.0), None),
    }


def curves(gap: xr.Dataset, growth: xr.Dataset) -> dict[str, xr.Dataset]:
    """What the figures show, by path."""
    measured = (gap["none"] - gap["unit"]).isel(width=-1)
    cells = gap[["steps", "tokens", "step_size"]]
    shown = (
        band(measured, "gap")
        .merge(cells)
        .assign(law=("cell", gap_law(gap)), wrong=("cell", gap_without_tokens(gap)))
    )
    paired = band(gap["none"] - gap["unit"] - gap["lengths"], "deviation")
    lengths = band(growth["lengths"], "lengths").assign(
        law=("kappa", recursion(growth)), bare=("kappa", recursion(growth, driven=False))
    )
    exponent = growth["unit"] - (growth["transient"] - growth["realised"])
    return {
        "/curves/gap": shown.assign_attrs({**gap.attrs, "width": int(gap["width"][-1])}),
        "/curves/gap-deviation": paired,
        "/curves/growth": lengths.merge(band(exponent, "deviation")).assign_attrs(growth.attrs),
    }


def gap_law(table: xr.Dataset) -> list[float]:
    """The law of the gap in each cell."""
    return [theory.normalisation_gap(*cell[:2], cell[2]) for cell in _cells(table)]


def gap_without_tokens(table: xr.Dataset) -> list[float]:
    """The law that forgets the other tokens, in each cell."""
    return [theory.gap_of_one_token(steps, step_size) for steps, _, step_size in _cells(table)]


def recursion(table: xr.Dataset, *, driven: bool = True) -> list[float]:
    """ln R_T / T for each drive by the recursion, or without any drive in it."""
    steps, tokens, step = (table.attrs[name] for name in ("steps", "tokens", "step_size"))
    drives = [step * kappa if driven else 0.0 for kappa in table["kappa"].values]
    return [float(np.log(theory.lengths(steps, tokens, step, drive)[-1]) / steps) for drive in drives]


def falling(deviation: xr.DataArray, over: str) -> xr.Dataset:
    """Slope of the log of the mean deviation on log D, after averaging over cells or drives within a seed.

    The mean deviation has one sign at all widths; where it has not, the slope has no estimate.
    """
    values: FloatArray = deviation.mean(over).transpose("seed", "width").values
    means = batch_means(values)
    sign = np.sign(means.value[0])
    line = fit_slope(
        deviation["width"].values, sign * means.value, means.standard_error, degrees=means.degrees
    )
    return of_estimates("mean of all", line.estimate, n=values.size)


def _cells(table: xr.Dataset) -> list[tuple[int, int, float]]:
    columns = (table[name].values for name in ("steps", "tokens", "step_size"))
    return [(int(T), int(S), float(eta)) for T, S, eta in zip(*columns, strict=True)]


def _at_last(deviation: xr.DataArray, over: str, names: Sequence[str]) -> xr.Dataset:
    """Mean deviations over seeds at the largest width, beside 0."""
    return of_seeds(names, list(deviation.isel(width=-1).transpose(over, "seed").values), 0.0)
