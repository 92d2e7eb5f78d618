"""Evidence on the localisation contrast: its value, its order in eta, and that it needs a mean."""

from collections.abc import Iterator
from itertools import pairwise

from widthscope.studies.qk_spectrum.walks.profile_table import Evidence, Pair, Profiles, Row, pair_name


def tests(profiles: Profiles) -> Evidence:
    """Contrast beside the formula, its order in eta, and that a mean is needed; beside the sign turned
    round."""
    means = (profiles.late, profiles.middle)
    positive = [pair for pair in profiles.at if pair[0] > 0]
    return {
        "value": (
            profiles.measured([_contrast(profiles, pair, pair) for pair in profiles.at]),
            profiles.measured([_contrast(profiles, (-xi, eta), (xi, eta)) for xi, eta in positive]),
        ),
        "ordering": (
            profiles.measured([row for xi in means for row in _steps(profiles, xi)]),
            profiles.measured([row for xi in means for row in _steps(profiles, -xi)]),
        ),
        "mean-needed": (
            profiles.measured([_beyond_no_mean(profiles, xi, eta) for xi, eta in positive]),
            profiles.measured([_antisymmetric(profiles)]),
        ),
    }


def _contrast(profiles: Profiles, drawn: Pair, predicted: Pair) -> Row:
    row, own = profiles.at[drawn], profiles.at[predicted]
    return pair_name(drawn), profiles.contrasts(row), profiles.predicted(own)


def _steps(profiles: Profiles, xi: float) -> Iterator[Row]:
    """Gains in contrast from each eta to the next smaller one, on the same walks."""
    etas = profiles.etas(xi)
    for small, large in pairwise(etas):
        rows = profiles.at[(xi, small)], profiles.at[(xi, large)]
        gain = profiles.contrasts(rows[0]) - profiles.contrasts(rows[1])
        predicted = profiles.predicted(rows[0]) - profiles.predicted(rows[1])
        yield f"xi={xi:g} eta={large:g} to {small:g}", gain, predicted


def _beyond_no_mean(profiles: Profiles, xi: float, eta: float) -> Row:
    row, zero = profiles.at[(xi, eta)], profiles.without_mean(eta)
    return pair_name((xi, eta)), profiles.contrasts(row) - zero, profiles.predicted(row) - zero


def _antisymmetric(profiles: Profiles) -> Row:
    row = profiles.antisymmetric
    zero = profiles.without_mean(float(profiles.table["eta"][row]))
    return "antisymmetric part", profiles.contrasts(row) - zero, profiles.predicted(row) - zero
