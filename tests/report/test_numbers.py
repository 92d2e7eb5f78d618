import math

import pytest

from widthscope.report import numbers
from widthscope.report.numbers import THIN


@pytest.mark.parametrize(
    ("estimate", "interval", "shown"),
    [
        (0.9763, (0.894, 1.0582), "0.976 [0.894, 1.058]"),
        (2.03e-7, (1.72e-7, 2.34e-7), "2.03 [1.72, 2.34] × 10⁻⁷"),
        (-1.9993, (-2.001, -1.9981), "−1.9993 [−2.0010, −1.9981]"),
        (12345.6, (12000, 12700), "12 346 [12 000, 12 700]"),
        (3.0, (1.2, None), "3.0 [1.2, ∞)"),
        (0.5, (-math.inf, 0.7), "0.50 (−∞, 0.70]"),
        (-0.0001, (-0.5, 0.5), "0.00 [−0.50, 0.50]"),
        (-0.99845, (-0.99845, -0.99845), "−0.99845 [−0.99845, −0.99845]"),
        (0.0, (0.0, 0.0), "0 [0, 0]"),
        (0.37, None, "0.37"),
        (0.37, (None, None), "0.37"),
        (None, (0, 1), "–"),
        (math.nan, (0, 1), "–"),
    ],
)
def test_measured_shows_two_digits_of_the_half_width(estimate, interval, shown):
    assert numbers.measured(estimate, interval).replace(THIN, " ") == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1.0, "1"),
        (-2.0, "−2"),
        (16384, "16 384"),
        (0.25, "0.25"),
        (1 / 3, "0.333"),
        (3.0001, "3"),
        (1.5e-5, "1.5 × 10⁻⁵"),
        (1e-5, "10⁻⁵"),
        (-1e-5, "−1 × 10⁻⁵"),
        (2e6, "2 × 10⁶"),
        (math.inf, "∞"),
        (None, "–"),
        (math.nan, "–"),
    ],
)
def test_number(value, shown):
    assert numbers.number(value).replace(THIN, " ") == shown


@pytest.mark.parametrize(
    ("value", "error", "shown"),
    [
        (0.976, 0.032, "0.976(32)"),
        (1.234e-7, 3e-9, "1.234(30) × 10⁻⁷"),
        (12.3, 1.5, "12.3(1.5)"),
        (-0.03, 0.01, "−0.030(10)"),
        (5.0, 0.0, "5"),
        (None, 0.1, "–"),
    ],
)
def test_with_error(value, error, shown):
    assert numbers.with_error(value, error).replace(THIN, " ") == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.05, "0.1 s"),
        (9.96, "10 s"),
        (99.4, "99 s"),
        (185, "3 min 05 s"),
        (3599.6, "1 h 00 min"),
        (36000, "10 h 00 min"),
        (None, "–"),
    ],
)
def test_duration(seconds, shown):
    assert numbers.duration(seconds).replace(THIN, " ") == shown


@pytest.mark.parametrize(
    ("level", "shown"),
    [(0.95, "95 %"), (0.99, "99 %"), (0.999, "99.9 %"), (0.99968, "99.97 %"), (None, "–")],
)
def test_percent_is_told_from_certainty(level, shown):
    assert numbers.percent(level).replace(THIN, " ") == shown


def test_memory_and_count():
    assert numbers.memory(412.4) == f"412{THIN}MB"
    assert numbers.memory(2048) == f"2.0{THIN}GB"
    assert numbers.count(200_000) == f"200{THIN}000"
    assert numbers.count(4096) == "4096"


def test_typeset_touches_numbers_only():
    text = "the interval [-0.1, 2e-07] of mean-field, n=-3, arXiv-2 is out."
    shown = numbers.typeset(text).replace(THIN, " ")
    assert shown == "the interval [−0.1, 2 × 10⁻⁷] of mean-field, n=−3, arXiv-2 is out"
