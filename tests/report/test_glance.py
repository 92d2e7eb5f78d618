import math
import re

import pytest

from widthscope.report.glance import LEFT, RIGHT, Reading, glance, ticks


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (-0.1, 1.1, [0, 0.5, 1.0]),
        (0.9, 1.1, [0.9, 0.95, 1.0, 1.05, 1.1]),
        (0, 9, [0, 2, 4, 6, 8]),
        (1e-7, 9e-7, [2e-7, 4e-7, 6e-7, 8e-7]),
        (-3, -1, [-3, -2.5, -2, -1.5, -1]),
    ],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("span", [10.0**k * f for k in range(-9, 6) for f in (1, 1.7, 2.3, 4.9, 7.7)])
def test_there_are_always_a_few_ticks(span):
    assert 2 <= len(ticks(0.123 * span, 1.123 * span)) <= 8


def positions(svg: str) -> dict[str, float]:
    """Horizontal places of the dots, and of the prediction."""
    found = {
        name: float(re.search(rf'<g class="{name}[^"]*">.*?cx="([\d.]+)"', svg)[1])
        for name in ("measured", "control")
        if re.search(rf'<g class="{name}[^"]*">[^g]*cx=', svg)
    }
    return found | {"predicted": float(re.search(r'class="predicted" d="M([\d.]+)', svg)[1])}


def test_places_keep_the_order_of_values():
    svg = glance(Reading(1.2, (1.1, 1.3)), Reading(0.2, (0.1, 0.3)), 1.0, (0.9, 1.1), "undecided")
    places = positions(svg)
    assert LEFT < places["control"] < places["predicted"] < places["measured"] < RIGHT
    # 0.2, 1.0 and 1.2 keep their proportions
    assert (places["measured"] - places["control"]) / (
        places["measured"] - places["predicted"]
    ) == pytest.approx(5, rel=0.01)


def test_a_far_control_is_an_arrow_and_does_not_squeeze_the_rest():
    svg = glance(Reading(0.0, (-0.01, 0.01)), Reading(80.0, (79, 81)), 0.0, (-0.02, 0.02), "supported")
    assert "arrow" in svg
    assert ">80<" in svg
    band = float(re.search(r'class="allowed"[^>]*width="([\d.]+)"', svg)[1])
    assert band > (RIGHT - LEFT) / 2


def test_one_sided_bands_reach_the_edge():
    svg = glance(Reading(5.0, (4, None)), None, None, (3.0, None), "supported")
    x, width = (
        float(re.search(rf'class="allowed"[^>]* {name}="([\d.]+)"', svg)[1]) for name in ("x", "width")
    )
    assert x + width == RIGHT + 4
    assert f"H{RIGHT + 4}" in svg


@pytest.mark.parametrize("estimate", [None, math.nan, math.inf])
def test_nothing_measured_draws_nothing(estimate):
    assert glance(Reading(estimate, (None, None)), Reading(1.0, None), 1.0, None, "undecided") == ""


@pytest.mark.parametrize("value", [0.0, 1.0, -3e-9, 7e12])
def test_a_point_without_width_is_drawn(value):
    svg = glance(Reading(value, (value, value)), None, value, None, "supported")
    assert "nan" not in svg
    assert positions(svg)["measured"] == positions(svg)["predicted"]
