"""Verdicts on tables whose slopes are known."""

import numpy as np
import pytest
import xarray as xr

from widthscope.coordinate_check.recording import STATISTICS
from widthscope.coordinate_check.request import CoordinateCheckError
from widthscope.coordinate_check.seeds import seeds_for, seeds_to_decide
from widthscope.coordinate_check.training import NEVER
from widthscope.coordinate_check.verdicts import LEVEL, Slope, judge, slopes_per_seed, verdict_of
from widthscope.statistics.intervals import batch_means

WIDTHS = np.array([32, 64, 128, 256])


def table(
    change: float, start: float = 0.0, noise: float = 0.01, seeds: int = 6, **layers: float
) -> xr.Dataset:
    """Layers "a" (these slopes) and others by name with the slope of their change; two steps."""
    random = np.random.default_rng(0)
    slopes = {"a": change, **layers}
    shape = (len(WIDTHS), seeds, 3, len(slopes))
    widths = WIDTHS[:, None, None, None] / WIDTHS[0]
    drawn = np.exp2(noise * random.standard_normal(shape))
    moved = drawn * widths ** np.array(list(slopes.values())) * np.array([0.0, 1.0, 2.0])[:, None]
    size = drawn * widths ** np.array([start] + [0.0] * len(layers))
    dims = ("width", "seed", "step", "layer")
    return xr.Dataset(
        {
            **{name: (dims, moved if "change" in name else size) for name in STATISTICS},
            "diverged_step": (("width", "seed"), np.full(shape[:2], NEVER)),
        },
        coords={"width": WIDTHS, "seed": range(seeds), "step": range(3), "layer": list(slopes)},
    )


@pytest.mark.parametrize(
    ("change", "noise", "verdict"),
    [
        (0.0, 0.01, "flat"), (0.1, 0.01, "flat"), (-0.1, 0.01, "flat"), (0.5, 0.01, "grows"),
        (0.2, 0.01, "grows"), (-0.5, 0.01, "shrinks"), (0.125, 0.05, "undecided"), (0.0, 1.0, "undecided"),
    ],
)  # fmt: skip
def test_a_slope_is_judged_by_its_interval(change: float, noise: float, verdict: str) -> None:
    check = judge(table(change, noise=noise), {"a": "hidden"})
    (layer,) = check.layers
    assert layer.change.verdict == verdict
    assert layer.change.low < change < layer.change.high
    assert check.passes == (verdict == "flat")
    assert layer.broken == (verdict in ("grows", "shrinks"))


def test_slopes_are_least_squares_of_each_seed() -> None:
    values = np.random.default_rng(1).uniform(1, 2, (4, 5, 2))
    expected = np.polyfit(np.log2(WIDTHS), np.log2(values).reshape(4, -1), 1)[0].reshape(5, 2)
    np.testing.assert_allclose(slopes_per_seed(WIDTHS, values), expected)


def test_intervals_are_joint_over_the_layers() -> None:
    alone = judge(table(0.0), {}).layers[0].change
    among = judge(table(0.0, b=0.0, c=0.0, d=0.0), {}).layers[0].change
    assert among.high - among.low > 1.2 * (alone.high - alone.low)


@pytest.mark.parametrize(
    ("kind", "start", "wrong"),
    [
        ("hidden", 0.5, True), ("hidden", -0.5, True), ("output", -0.5, False), ("output", 0.5, True),
        ("hidden", 0.0, False),
    ],
)  # fmt: skip
def test_a_readout_may_shrink_at_the_start_and_nothing_else_may(kind, start: float, wrong: bool) -> None:
    check = judge(table(0.0, start), {"a": kind})
    assert check.layers[0].start_is_wrong is wrong
    assert check.passes is not wrong


def test_what_never_moves_is_still() -> None:
    given = table(0.0, b=0.0)
    for name in ("change_l1", "change_rms"):
        given[name].loc[{"layer": "b"}] = 0.0
    layer = judge(given, {}).layers[1]
    assert (layer.change.verdict, layer.faint, np.isnan(layer.spread)) == ("still", False, True)
    assert judge(given, {}).passes


def test_what_moves_at_some_widths_only_is_not_flat() -> None:
    given = table(0.0)
    given["change_l1"].loc[{"width": 64, "seed": 1}] = 0.0
    assert judge(given, {}).layers[0].change.verdict == "undecided"


@pytest.mark.parametrize(("noise", "change"), [(0.3, 0.0), (0.2, 0.05), (0.3, -0.22)])
def test_so_many_seeds_decide(noise: float, change: float) -> None:
    check = judge(table(change, noise=noise, seeds=5), {})
    slope = check.layers[0].change
    assert slope.verdict == "undecided"
    number, hopeless = seeds_for(check, 5)
    assert hopeless == []
    assert seeds_to_decide(slope, 5, 2) == number
    # The seeds' own slopes, shifted and scaled to the mean and scatter that were found.
    drawn = np.random.default_rng(1).standard_normal(number)
    scatter = (slope.value - slope.low) / batch_half(np.array([-1.0, 1, 0, 0, 0]) / np.sqrt(0.5))
    again = slope.value + scatter * (drawn - drawn.mean()) / drawn.std(ddof=1)
    low, high = batch_means(again).interval(LEVEL, 2)
    assert verdict_of(low, high) != "undecided"
    fewer = slope.value + scatter * (drawn[1:] - drawn[1:].mean()) / drawn[1:].std(ddof=1)
    assert verdict_of(*batch_means(fewer).interval(LEVEL, 2)) == "undecided"


def batch_half(batches: np.ndarray) -> float:
    estimate = batch_means(batches)
    return float(estimate.value - estimate.interval(LEVEL, 2)[0])


def test_no_number_of_seeds_decides_at_the_margin() -> None:
    assert seeds_to_decide(Slope(0.125, 0.0, 0.25, "undecided"), 8, 2) is None


def test_what_is_lost_in_rounding_is_undecided() -> None:
    given = table(0.0)
    for name in ("change_l1", "change_rms"):
        given[name] *= 1e-7
    layer = judge(given, {}).layers[0]
    assert (layer.faint, layer.change.verdict) == (True, "undecided")


@pytest.mark.filterwarnings("error")
def test_a_layer_that_starts_at_zero_is_judged_without_warnings() -> None:
    given = table(0.0)
    for name in ("l1", "rms"):
        given[name].loc[{"step": 0}] = 0.0
    given["change_rms"] *= 1e3
    layer = judge(given, {}).layers[0]
    assert (layer.start.verdict, layer.change.verdict, layer.faint) == ("still", "flat", False)


def test_diverged_members_are_named_and_later_steps_not_judged() -> None:
    given = table(0.0)
    given["change_l1"].loc[{"width": 256, "seed": 2, "step": 2}] = np.nan
    given["diverged_step"].loc[{"width": 256, "seed": 2}] = 2
    check = judge(given, {})
    assert check.diverged == ((256, 2, 2),)
    assert check.step == 1
    assert check.layers[0].change.verdict == "flat"
    assert not check.passes


def test_too_many_diverged_members_are_refused() -> None:
    given = table(0.0)
    given["diverged_step"].loc[{"width": 256}] = 1
    with pytest.raises(CoordinateCheckError, match="width 256 diverge at step 1, so that no step is left"):
        judge(given, {})
    given["diverged_step"][:] = 2
    with pytest.raises(CoordinateCheckError, match="all 24 members diverge, the first at step 2"):
        judge(given, {})


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (-0.125, 0.125, "flat"), (0.126, 0.2, "grows"), (0.125, 0.2, "undecided"), (-1, -0.13, "shrinks"),
        (-1, 1, "undecided"), (np.nan, np.nan, "undecided"),
    ],
)  # fmt: skip
def test_the_margin(low: float, high: float, said: str) -> None:
    assert verdict_of(low, high) == said
