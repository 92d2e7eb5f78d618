"""Costs grow as what they count, and no member goes without."""

import pytest

from widthscope.width_sweeps.cost import (
    Size,
    measurement_seconds,
    relative,
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
    few, many = (sweep_memory_mb("sgd", Size(256), members, seeds=16) for members in (160, 10_000))
    assert many <= few  # groups of almost equal size: 5 of 32, or 333 of 30 or 31
    assert sweep_memory_mb("sgd", Size(4096), 4, seeds=2) > many


def test_memory_holds_every_seeds_weights_and_maps_and_the_problem():
    size, weights = Size(2048), Size(2048).weights
    few, more = (sweep_memory_mb("sgd", size, 64, seeds=seeds) for seeds in (4, 14))
    assert more - few >= 2 * 4e-6 * 10 * weights
    assert sweep_memory_mb("dtp", size, 64, seeds=14) - more > 0.9 * 2 * 4e-6 * 14 * weights
    assert sweep_memory_mb("sgd", size, 14) == sweep_memory_mb("sgd", size, 14, seeds=14)
    images = Size(64, inputs=3072, examples=60_000)
    without = Size(64, inputs=3072, examples=11_000)
    both = 1e-6 * (8 + 4) * 3072 * 49_000  # float64, and what is learnt in float32
    assert sweep_memory_mb("sgd", images, 4) - sweep_memory_mb("sgd", without, 4) >= both
    chosen = Size(64, inputs=3072, examples=11_000, images=60_000)
    assert sweep_memory_mb("sgd", chosen, 4) - sweep_memory_mb("sgd", without, 4) == pytest.approx(
        1e-6 * 3072 * 49_000, abs=1
    )


def test_inference_costs_by_its_sweeps():
    assert relative("pc_eq") == relative("pc_eq", 40) == pytest.approx(20)
    assert relative("pc_eq", 80) == pytest.approx(39)
    assert relative("sgd", 80) == 1
    size = Size(64)
    assert step_seconds("pc_eq", size, 80) == pytest.approx(39 / 20 * step_seconds("pc_eq", size))
    extra = sweep_seconds("pc_eq", size, 2, 10, sweeps=80) - sweep_seconds("pc_eq", size, 2, 10)
    assert extra == pytest.approx(20 * 19 / 20 * step_seconds("pc_eq", size))
