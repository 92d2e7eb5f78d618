"""Evidence on where the signal propagation probability has its peak, and on true softmax beside it."""

from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from widthscope.statistics.evidence import of_estimates
from widthscope.statistics.intervals import batch_means
from widthscope.studies.qk_spectrum.walks.profile_table import Evidence, Pair, Profiles, Row, pair_name

FOCUSED = 2
"""So many of the smallest etas count as small where a statement is about small eta."""

EARLY, LATE = 1 / 8, 3 / 4
"""Places t/T that the late-site focus tells apart."""


def tests(profiles: Profiles, softmax: xr.Dataset) -> Evidence:
    """Where the peaks are, and what is seen beyond them; beside the peaks of another mode."""
    shown = [pair for pair in profiles.at if pair[0] >= 0]
    late, middle = (
        [(xi, eta) for eta in profiles.etas(xi)[:FOCUSED]] for xi in (profiles.late, profiles.middle)
    )
    return {
        "peak": (
            profiles.measured([row for pair in shown for row in _below_peak(profiles, pair)]),
            profiles.measured(
                [_over_peak(profiles, *wrong) for wrong in _wrong_peaks(profiles, late, middle)]
            ),
        ),
        "late-site": (
            profiles.measured([_late_over_early(profiles, pair) for pair in late]),
            profiles.measured([_late_over_early(profiles, pair) for pair in middle]),
        ),
        "middle-site": (
            profiles.measured([_at_the_end(profiles, pair) for pair in middle]),
            profiles.measured([_at_the_end(profiles, pair) for pair in late]),
        ),
        "before-the-edge": (
            profiles.measured([row for pair in middle for row in _from_edge(profiles, pair, -1)]),
            profiles.measured([row for pair in middle for row in _from_edge(profiles, pair, +1)]),
        ),
        "true-softmax": (_softmax(softmax), None),
    }


def _below_peak(profiles: Profiles, pair: Pair) -> Iterator[Row]:
    """Share at the formula's peak less that at every position beyond the next."""
    row = profiles.at[pair]
    shares, formula = profiles.shares(row), profiles.table["formula"].values[row]
    peak = int(profiles.peaks[row])
    for other, where in enumerate(profiles.places):
        if abs(other - peak) > 1:
            name = f"{pair_name(pair)} at {profiles.places[peak]:g} over {where:g}"
            yield name, shares[:, peak] - shares[:, other], float(formula[peak] - formula[other])


def _over_peak(profiles: Profiles, pair: Pair, place: int) -> Row:
    """Share at another place less that at the formula's peak."""
    row = profiles.at[pair]
    shares, formula = profiles.shares(row), profiles.table["formula"].values[row]
    peak = int(profiles.peaks[row])
    name = f"{pair_name(pair)} at {profiles.places[place]:g} over {profiles.places[peak]:g}"
    return name, shares[:, place] - shares[:, peak], float(formula[place] - formula[peak])


def _wrong_peaks(
    profiles: Profiles, late: Sequence[Pair], middle: Sequence[Pair]
) -> Iterator[tuple[Pair, int]]:
    """Middle-site spectra with the late peaks, and the least concentrated spectrum without a mean with the
    last position.

    Not the late-site spectra with the middle peaks: their shares there are short of the peak's by no more
    than the claim allows for ties.
    """
    for one, other in zip(middle, late, strict=True):
        yield one, int(profiles.peaks[profiles.at[other]])
    yield (0.0, profiles.etas(0.0)[-1]), len(profiles.places) - 1


def _from_edge(profiles: Profiles, pair: Pair, side: int) -> Iterator[Row]:
    """Share less 1/2 at the positions a step of the grid and more before t/T = 1/xi (side -1), or beyond."""
    row, edge = profiles.at[pair], 1 / pair[0]
    shares, formula = profiles.shares(row), profiles.table["formula"].values[row]
    step = profiles.places[1] - profiles.places[0]
    for place, where in enumerate(profiles.places):
        if side * (where - edge) > 0.999 * step:
            yield f"{pair_name(pair)} at {where:g}", shares[:, place] - 0.5, float(formula[place] - 0.5)


def _late_over_early(profiles: Profiles, pair: Pair) -> Row:
    row, early, late = profiles.at[pair], profiles.nearest(EARLY), profiles.nearest(LATE)
    shares, formula = profiles.shares(row), profiles.table["formula"].values[row]
    return pair_name(pair), shares[:, late] - shares[:, early], float(formula[late] - formula[early])


def _at_the_end(profiles: Profiles, pair: Pair) -> Row:
    row = profiles.at[pair]
    return pair_name(pair), profiles.shares(row)[:, -1], float(profiles.table["formula"].values[row, -1])


def _softmax(table: xr.Dataset) -> xr.Dataset:
    """What true softmax does where rho has its peak in the middle; predictions are the notes'
    measurements."""
    names = {"centre": 0.99, "entropy": 0.148, "row_sum": 48.0}
    found = batch_means(np.stack([table[name].values for name in names], axis=1))
    return of_estimates(
        ["centre of mass in t/T", "entropy over log T", "sum of a clipped-linear row"],
        found,
        list(names.values()),
        n=int(table.attrs["walks"]) * table.sizes["batch"],
    )
