"""The ratio update against loops, its edges, and what it keeps between steps."""

import pytest
import torch

from widthscope.feature_augmentation.ratios import RatioError, RatioRule, chosen_position, moved

DOUBLE = torch.float64


def by_hand(q: list[float], position: int, increment: float, floor: float) -> list[float]:
    q = list(q)
    q[position] += increment
    lowest = floor / len(q)
    q = [min(max(value, lowest), 1 - lowest) for value in q]
    return [value / sum(q) for value in q]


def test_the_papers_order_lets_a_ratio_end_below_its_floor() -> None:
    """The example of the theory notes, 3.1."""
    q = torch.tensor([[1 / 30, 1 / 2, 7 / 15]], dtype=DOUBLE)
    after = moved(q, torch.tensor([[0.0, 0.3, 0.0]], dtype=DOUBLE))
    torch.testing.assert_close(
        after, torch.tensor([[0.0256, 0.6154, 0.3590]], dtype=DOUBLE), atol=5e-5, rtol=0
    )
    torch.testing.assert_close(after[0], torch.tensor(by_hand(q[0].tolist(), 1, 0.3, 0.1), dtype=DOUBLE))


def test_members_have_their_own_rates_and_no_company() -> None:
    generator = torch.Generator().manual_seed(0)
    rates = torch.tensor([0.1, -0.1, 0.0, 0.3], dtype=DOUBLE)
    rule = RatioRule(rate=rates)
    state = rule.initial(4, 3)
    expected = [[1 / 3] * 3 for _ in rates]
    for step in range(40):
        position = torch.randint(3, (4,), generator=generator)
        alignment = torch.randn(4, generator=generator, dtype=DOUBLE)
        alone = RatioRule(rate=rates[3:]).after(
            {"ratios": state["ratios"][3:]}, step, position[3:], alignment[3:]
        )
        state = rule.after(state, step, position, alignment)
        assert torch.equal(alone["ratios"], state["ratios"][3:])
        for member, rate in enumerate(rates.tolist()):
            increment = rate * float(alignment[member])
            expected[member] = by_hand(expected[member], int(position[member]), increment, 0.1)
    torch.testing.assert_close(state["ratios"], torch.tensor(expected, dtype=DOUBLE))


@pytest.mark.parametrize("positions", [2, 3, 6, 7])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_a_rate_ratios_stay_bit_for_bit(positions: int, dtype: torch.dtype) -> None:
    rule = RatioRule(rate=0.0)
    state = rule.initial(2, positions, dtype)
    first = state["ratios"].clone()
    for step in range(20):
        state = rule.after(state, step, torch.tensor([step % positions, 0]), torch.tensor([3.0, -2.0]))
    assert torch.equal(state["ratios"], first)


def test_gathered_increments_are_applied_as_their_mean() -> None:
    rule = RatioRule(rate=0.2, interval=4)
    state = rule.initial(1, 3)
    positions, alignments = [0, 1, 0, 2], [0.5, -0.2, 0.3, 0.1]
    for step, (position, alignment) in enumerate(zip(positions, alignments, strict=True)):
        assert torch.equal(state["ratios"], torch.full((1, 3), 1 / 3, dtype=DOUBLE))
        state = rule.after(state, step, torch.tensor([position]), torch.tensor([alignment], dtype=DOUBLE))
    wanted = moved(
        torch.full((1, 3), 1 / 3, dtype=DOUBLE), 0.2 / 4 * torch.tensor([[0.8, -0.2, 0.1]], dtype=DOUBLE)
    )
    torch.testing.assert_close(state["ratios"], wanted)
    assert not state["gathered"].any()


def test_increments_over_the_root_of_their_running_square() -> None:
    rule = RatioRule(rate=0.01, floor=None, decay=0.9)
    state = rule.initial(1, 2)
    mean_square, q = 0.0, [0.5, 0.5]
    for step, alignment in enumerate([2.0, -1.0, 0.5]):
        state = rule.after(state, step, torch.tensor([0]), torch.tensor([alignment], dtype=DOUBLE))
        mean_square = 0.9 * mean_square + 0.1 * alignment**2
        q[0] += 0.01 * alignment / mean_square**0.5
        q = [value / sum(q) for value in q]
    torch.testing.assert_close(state["ratios"], torch.tensor([q], dtype=DOUBLE))
    still = rule.after(rule.initial(1, 2), 0, torch.tensor([0]), torch.zeros(1, dtype=DOUBLE))
    assert torch.equal(still["ratios"], rule.initial(1, 2)["ratios"])


def test_a_floor_of_zero_is_not_the_same_as_none() -> None:
    q, increment = torch.tensor([[0.9, 0.1]], dtype=DOUBLE), torch.tensor([[0.3, 0.0]], dtype=DOUBLE)
    torch.testing.assert_close(moved(q, increment, None)[0, 0], torch.tensor(1.2 / 1.3, dtype=DOUBLE))
    torch.testing.assert_close(moved(q, increment, 0.0)[0, 0], torch.tensor(1.0 / 1.1, dtype=DOUBLE))


def test_positions_are_chosen_with_their_ratios() -> None:
    ratios = torch.tensor([0.2, 0.0, 0.5, 0.3], dtype=DOUBLE)
    grid = (torch.arange(1000, dtype=DOUBLE) + 0.5) / 1000
    chosen = chosen_position(ratios.expand(1000, -1), grid)
    assert chosen.bincount(minlength=4).tolist() == [200, 0, 500, 300]
    # Sums that round to less than one leave no uniform number without a position.
    short = torch.full((1, 3), 0.33, dtype=torch.float32)
    assert chosen_position(short, torch.tensor([1 - 2.0**-24])).item() == 2
    assert chosen_position(ratios[None], torch.zeros(1)).item() == 0


WRONG: list[dict[str, float]] = [
    {"rate": float("nan")},
    {"rate": float("inf")},
    {"floor": 1.0},
    {"floor": -0.1},
    {"interval": 0},
    {"interval": 1.5},
    {"decay": 1.0},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_rule_that_cannot_work_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(RatioError, match="must"):
        RatioRule(**wrong)  # type: ignore[arg-type]
