"""Symmetry measures against brute force, and at tied, anti-tied and independent couplings."""

import math
from itertools import permutations

import pytest
import torch

from widthscope.mixers.symmetry import (
    HALF_TIED,
    INDEPENDENT,
    alignment,
    asymmetry,
    mean_permuted_alignment,
    permuted_alignment,
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_both_measures_are_their_sums_over_entries() -> None:
    forward, backward = drawn(2, 3, 5, 4), drawn(2, 3, 4, 5, seed=1)
    for place in ((0, 0), (1, 2)):
        w, back = forward[place].tolist(), backward[place].tolist()
        pairs = [(back[s][h], w[h][s]) for s in range(4) for h in range(5)]
        to, there = (math.sqrt(sum(pair[side] ** 2 for pair in pairs)) for side in (1, 0))
        apart = math.sqrt(sum((b - a) ** 2 for b, a in pairs))
        assert float(asymmetry(forward, backward)[place]) == pytest.approx(apart / (to + there), rel=1e-13)
        found = float(alignment(forward, backward)[place])
        assert found == pytest.approx(sum(b * a for b, a in pairs) / (to * there), rel=1e-13)


@pytest.mark.parametrize(("factor", "apart", "rho"), [(1.0, 0.0, 1.0), (-1.0, 1.0, -1.0), (-3.0, 1.0, -1.0)])
def test_tied_and_anti_tied_couplings_are_the_ends(factor: float, apart: float, rho: float) -> None:
    forward = drawn(6, 5)
    assert float(asymmetry(forward, factor * forward.mT)) == pytest.approx(apart, abs=1e-15)
    assert float(alignment(forward, factor * forward.mT)) == pytest.approx(rho, abs=1e-15)


def test_independent_couplings_are_at_the_reference_values() -> None:
    forward, other = drawn(64, 32, 16), drawn(64, 16, 32, seed=1)
    rho = alignment(forward, other)
    assert abs(float(rho.mean())) < 4 / math.sqrt(64 * 32 * 16)
    assert float(rho.std()) == pytest.approx(1 / math.sqrt(32 * 16), rel=0.3)
    assert float(asymmetry(forward, other).mean()) == pytest.approx(INDEPENDENT, abs=0.004)
    half = forward.mT + other
    assert float(asymmetry(forward, half).mean()) == pytest.approx(HALF_TIED, abs=0.004)
    assert float(alignment(forward, half).mean()) == pytest.approx(math.sqrt(0.5), abs=0.008)


def test_mean_over_all_permutations_is_the_closed_form() -> None:
    forward, backward = drawn(4, 3), drawn(3, 4, seed=1)
    every = [alignment(forward, backward[:, list(order)]) for order in permutations(range(4))]
    found = mean_permuted_alignment(forward, backward)
    assert float(found) == pytest.approx(float(torch.stack(every).mean()), rel=1e-12)


def test_permuting_hidden_units_of_one_side_loses_the_tie() -> None:
    forward = drawn(3, 64, 16)
    tied = permuted_alignment(forward, forward.mT, 50, torch.Generator().manual_seed(3))
    assert tied.shape == (3, 50)
    assert float(tied.abs().max()) < 6 / math.sqrt(64 * 16)
    again = permuted_alignment(forward, forward.mT, 50, torch.Generator().manual_seed(3))
    assert torch.equal(tied, again)


def test_single_precision_couplings_are_summed_in_double() -> None:
    forward = drawn(128, 64).float()
    assert asymmetry(forward, forward.mT).dtype == torch.float64
    assert float(alignment(forward, forward.mT)) == pytest.approx(1.0, abs=1e-14)


def test_couplings_that_do_not_fit_are_named() -> None:
    with pytest.raises(
        ValueError, match=r"shape \(3, 4\) do not lead back from forward ones of shape \(3, 4\)"
    ):
        alignment(drawn(3, 4), drawn(3, 4))
