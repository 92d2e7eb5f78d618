"""Costs grow as what they count, and no member goes without."""

import pytest

from widthscope.width_sweeps.cost import (
    Size,
    measurement_seconds,
    step_seconds,
    sweep_memory_mb,
    sweep_seconds,
)
from widthscope.width_sweeps.methods import METHODS


@pytest.mark.parametrize("method", METHODS)
def test_costs_rise_with_width_and_add_over_members_and_steps(method):
    seconds = [step_seconds(method, Size(width)) for width in (16, 64, 256, 1024, 4096)]
    assert seconds == sorted(seconds)
    assert 12 < seconds[-1] / seconds[-2] < 17  # the square of the width
    size = Size(64)
    whole = sweep_seconds(method, size, 10, 100, records=3)
    assert whole == pytest.approx(10 * (100 * step_seconds(method, size) + 3 * measurement_seconds(size)))


def test_memory_is_bounded_by_the_group_and_not_by_the_members():
    few, many = (sweep_memory_mb("sgd", Size(256), members) for members in (100, 10_000))
    assert few == many
    assert sweep_memory_mb("sgd", Size(4096), 4) > many
