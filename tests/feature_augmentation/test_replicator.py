"""Laws of frozen alignments against iteration, enumeration and simulation."""

import itertools

import pytest
import torch

from widthscope.feature_augmentation.replicator import mean_field, neutral_diversity, simulated


def test_mean_field_is_its_own_recursion() -> None:
    q, strengths = [0.2, 0.3, 0.5], [0.1, -0.05, 0.02]
    for step in range(30):
        for ours, iterated in zip(mean_field([0.2, 0.3, 0.5], strengths, step), q, strict=True):
            assert abs(ours - iterated) < 1e-13
        mean = 1 + sum(value * a for value, a in zip(q, strengths, strict=True))
        q = [value * (1 + a) / mean for value, a in zip(q, strengths, strict=True)]
    assert mean_field([0.0, 1.0], [5.0, 0.0], 3) == [0.0, 1.0]
    assert mean_field([0.5, 0.5], [0.01, 0.0], 10**7) == [1.0, 0.0]


def enumerated_diversity(positions: int, strength: float, steps: int) -> float:
    """Mean of 1 - sum q^2 over all sequences of choices, each with its probability."""
    total = 0.0
    for choices in itertools.product(range(positions), repeat=steps):
        q, probability = [1 / positions] * positions, 1.0
        for chosen in choices:
            probability *= q[chosen]
            q[chosen] += strength
            q = [value / sum(q) for value in q]
        total += probability * (1 - sum(value * value for value in q))
    return total


@pytest.mark.parametrize(("positions", "strength"), [(2, 0.1), (3, 0.5), (4, 2.0), (2, -0.3)])
def test_neutral_diversity_is_exact(positions: int, strength: float) -> None:
    for steps in range(5):
        exact = enumerated_diversity(positions, strength, steps)
        assert abs(neutral_diversity(positions, strength, steps) - exact) < 1e-12


def test_simulation_follows_both_laws() -> None:
    drift = simulated(torch.Generator().manual_seed(0), [0.2] * 3, runs=4000, steps=20)[-1]
    diversity = 1 - drift.square().sum(-1)
    error = float(diversity.std()) / 4000**0.5
    assert abs(float(diversity.mean()) - neutral_diversity(3, 0.2, 20)) < 4 * error
    strengths = [0.002, 0.005, 0.01]
    last = simulated(torch.Generator().manual_seed(1), strengths, runs=2000, steps=300)[-1]
    wanted = torch.tensor(mean_field([1 / 3] * 3, strengths, 300), dtype=torch.float64)
    assert ((last.mean(0) - wanted).abs() < 4 * last.std(0) / 2000**0.5 + 0.01).all()


def test_records_lie_at_their_times() -> None:
    def paths(records: int) -> torch.Tensor:
        return simulated(torch.Generator().manual_seed(3), [0.1, 0.3], runs=5, steps=12, records=records)

    every = paths(12)
    assert torch.equal(every[0], torch.full((5, 2), 0.5, dtype=torch.float64))
    assert torch.equal(paths(4), every[::3])
    assert torch.equal(paths(24)[::2], every)
    torch.testing.assert_close(every.sum(-1), torch.ones(13, 5, dtype=torch.float64))


def test_weighted_increments_move_every_position_as_often_as_it_is_good() -> None:
    """Their mean increment is a_l / K whatever the ratios."""
    first = simulated(torch.Generator().manual_seed(0), [0.03, 0.06], runs=40_000, steps=1, importance=True)
    moved = first[-1]
    # From equal ratios K q = 1: (1/2 + a) / (1 + a) where chosen, half of the time.
    expected = 0.5 * (0.53 / 1.03 + 0.5 / 1.06)
    assert abs(float(moved[:, 0].mean()) - expected) < 5 * float(moved[:, 0].std()) / 200
    assert set(moved[:, 0].unique().tolist()) == {0.53 / 1.03, 0.5 / 1.06}
