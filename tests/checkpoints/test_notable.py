"""The rule that picks heads, on tables whose extremes are known."""

import numpy as np
import pytest
import xarray as xr

from widthscope.checkpoints.notable import LIMIT, RULE, notable

PLAIN = {
    "trace_score": 0.0,
    "p_adjusted": 1.0,
    "entropy_forecast": 0.9,
    "ks": 0.1,
    "ks_p_adjusted": 1.0,
    "reach": 1.0,
    "reach_p_adjusted": 1.0,
    "bias_norm": 0.1,
    "frobenius": 1.0,
    "trace_score_folded": 0.0,
    "p_adjusted_folded": 1.0,
}


def table(changes: dict[tuple[int, int], dict[str, float]], without: tuple[str, ...] = ()) -> xr.Dataset:
    """Three layers of five unremarkable heads, some of them changed."""
    made = xr.Dataset(
        {
            name: (("layer", "head"), np.full((3, 5), value))
            for name, value in PLAIN.items()
            if name not in without
        },
        coords={"layer": ["h.0", "h.1", "h.2"], "head": np.arange(5)},
        attrs={"largest_trace_score": 16.0, "width": 64},
    )
    for head, values in changes.items():
        for name, value in values.items():
            made[name].values[head] = value
    return made


def places(found: xr.Dataset) -> list[tuple[int, int]]:
    return [(head.place, head.head) for head in notable(found)]


def test_nothing_stands_out_in_a_plain_model() -> None:
    assert notable(table({})) == []


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"trace_score": 9.0, "p_adjusted": 1e-9}, "trace score 9.0 of at most ±16: it favours keys"),
        ({"trace_score": -9.0, "p_adjusted": 1e-9}, "trace score -9.0 of at most ±16: it avoids keys"),
        ({"entropy_forecast": 0.3}, "entropy forecast 0.30"),
        ({"ks": 0.7, "ks_p_adjusted": 0.005}, "its eigenvalues are 0.70 (KS) away"),
        (
            {"reach": 4.0, "reach_p_adjusted": 0.01},
            "its largest eigenvalue is 4.0 times the edge of the law at initialisation and alone makes up "
            "25% of the squared norm",
        ),
        ({"bias_norm": 2.5}, "its query bias moves scores 2.5 times as much"),
        ({"trace_score_folded": 7.0, "p_adjusted_folded": 1e-6}, "trace score 0.0 as stored, 7.0 with"),
    ],
)
def test_each_respect_names_its_head(values: dict[str, float], says: str) -> None:
    found = notable(table({(1, 3): values}))
    assert [(head.layer, head.place, head.head) for head in found] == [("h.1", 1, 3)]
    assert found[0].why.startswith(says)


@pytest.mark.parametrize(
    "values",
    [
        {"trace_score": 9.0, "p_adjusted": 0.011},
        {"entropy_forecast": 0.51},
        {"ks": 0.7, "ks_p_adjusted": 0.011},
        {"reach": 4.0, "reach_p_adjusted": 0.011},
        {"bias_norm": 0.99},
        {"trace_score_folded": 7.0, "p_adjusted_folded": 0.011},
    ],
)
def test_below_its_threshold_nothing_is_named(values: dict[str, float]) -> None:
    assert notable(table({(1, 3): values})) == []


def test_a_gain_that_turns_the_sign_counts_and_one_that_does_not_is_passed_over() -> None:
    sure = {"p_adjusted": 1e-9, "p_adjusted_folded": 1e-9}
    turned = {"trace_score": 6.0, "trace_score_folded": -6.0, **sure}
    kept = {"trace_score": 6.0, "trace_score_folded": 12.0, **sure}
    assert "as stored" in notable(table({(0, 0): {"trace_score": 7.0, **sure}, (0, 1): turned}))[1].why
    assert not any("as stored" in head.why for head in notable(table({(0, 0): kept})))


def test_respects_take_turns_and_no_head_is_named_twice() -> None:
    changes = {(0, k): {"trace_score": 10.0 - k, "p_adjusted": 1e-9} for k in range(5)}
    changes[(0, 0)] |= {"entropy_forecast": 0.1}
    changes[(2, 2)] = {"entropy_forecast": 0.2}
    assert places(table(changes)) == [(0, 0), (2, 2), (0, 1), (0, 2), (0, 3), (0, 4)]


def test_other_respects_of_a_head_are_mentioned() -> None:
    positive = {"trace_score": 9.0, "p_adjusted": 1e-9, "trace_score_folded": 9.0, "p_adjusted_folded": 1e-9}
    found = notable(table({(0, 0): {**positive, "entropy_forecast": 0.1}}))
    assert found[0].why.endswith("; also among the first 3 by entropy forecast")


def test_at_most_ten_and_ties_in_the_order_of_the_model() -> None:
    everyone = {(i, j): {"entropy_forecast": 0.2} for i in range(3) for j in range(5)}
    assert places(table(everyone)) == [(i, j) for i in range(3) for j in range(5)][:LIMIT]


def test_without_p_values_only_the_size_of_the_trace_score_counts() -> None:
    without = ("p_adjusted", "ks", "ks_p_adjusted", "reach", "reach_p_adjusted", "entropy_forecast")
    changes = {(0, 0): {"trace_score": 5.1}, (0, 1): {"trace_score": 4.9}, (0, 2): {"trace_score": -8.0}}
    skipping = table(changes, without=(*without, "bias_norm", "trace_score_folded", "p_adjusted_folded"))
    assert places(skipping) == [(0, 0), (0, 2)]


def test_heads_without_numbers_are_passed_over() -> None:
    nothing = dict.fromkeys(PLAIN, np.nan)
    assert notable(table({(0, 0): nothing})) == []


def test_the_rule_states_its_thresholds() -> None:
    assert all(number in RULE for number in ("0.01", "0.5", "10 heads", "at least 5"))
