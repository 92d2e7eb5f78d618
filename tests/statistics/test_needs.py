import re

import numpy as np
import pytest
import xarray as xr

from widthscope.statistics.evidence import evidence, law_evidence, of_counts
from widthscope.statistics.needs import Part, larger, of_claim
from widthscope.statistics.rules import Above, Equals, MatchesExact, Rule, SameLaw

LEVEL = 0.9997


def part(rule: Rule, table: xr.Dataset, name: str = "") -> Part:
    return Part(name, rule, table, rule.judge(table, LEVEL), LEVEL)


def seeds(estimate: float, error: float, count: int = 3) -> xr.Dataset:
    return evidence("slope", estimate, error, n=count, degrees=count - 1)


def factor(text: str) -> float:
    found = re.search(r"about ([\d.]+) times as large", text)
    assert found is not None, text
    return float(found[1])


@pytest.mark.parametrize(
    ("rule", "table"),
    [
        (Above(0.0), seeds(0.1, 0.05)),
        (Above(0.0), seeds(-0.1, 0.05, 8)),
        (Equals(0.2), evidence(["a", "b"], [1.0, 1.1], 0.1, prediction=1.0, n=5, degrees=4)),
        (MatchesExact(0.1), evidence(["a", "b"], [1.0, 2.1], 0.2, prediction=[1.0, 2.0], n=5, degrees=4)),
        (Above(0.5), of_counts("runs", [8], [8])),
        (SameLaw(0.1), law_evidence("y", 0.02, 0.5, 200)),
    ],
)
def test_a_sample_so_much_larger_decides_and_a_smaller_one_does_not(rule: Rule, table: xr.Dataset) -> None:
    assert rule.judge(table, LEVEL).verdict == "undecided"
    times = factor(of_claim([part(rule, table)], []))
    assert rule.judge(larger(table, 1.06 * times), LEVEL).verdict != "undecided"
    assert rule.judge(larger(table, 0.94 * times), LEVEL).verdict == "undecided"


def test_a_control_says_by_how_much_its_interval_must_shrink() -> None:
    table = seeds(-0.1, 0.05)
    said = of_claim([part(Above(0.0), seeds(0.5, 0.001, 12))], [part(Above(0.0), table)])
    share = float(re.search(r"shrink to about ([\d.]+) of its width", said)[1])
    half = -Above(0.0).judge(table, LEVEL).interval[0] - 0.1
    assert share == pytest.approx(0.1 / half, rel=0.06)  # then it ends at the threshold
    assert Above(0.0).judge(larger(table, 1.06 * factor(said)), LEVEL).verdict == "refuted"


def test_a_control_that_no_narrower_interval_refutes_is_said_so() -> None:
    assert "no narrower interval refutes it" in of_claim([], [part(Above(0.0), seeds(0.1, 0.05))])
    same = of_claim([], [part(Above(0.0), seeds(0.1, 0.0001))])
    assert same.startswith("a control that does not show the same effect")


def test_an_estimate_at_the_limit_gives_no_number() -> None:
    nothing = part(Above(0.0), seeds(1e-6, 0.05))
    for said in (of_claim([nothing], []), of_claim([], [nothing])):
        assert "too close to the limit" in said
        assert "times" not in said


def test_what_failed_comes_before_any_number_of_draws() -> None:
    failed = evidence(["a", "b"], [np.nan, 1.0], 0.2, prediction=1.0, n=5)
    said = of_claim([part(Equals(0.1), failed, "first"), part(Equals(0.1), failed.isel(component=[1]))], [])
    first, second = said.split("; ")
    assert first.startswith("first: a measurement of every component: 1 of 2 have no estimate")
    assert factor(second) > 1


def test_decided_parts_take_nothing() -> None:
    assert of_claim([part(Above(0.0), seeds(1, 1e-4))], [part(Above(0.0), seeds(-1, 1e-4))]) == ""
