"""The cubic and the approach to infinite width, from draws to verdicts."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.statistics.claims import judge
from widthscope.studies.attention_paths.limits import experiment, figures, fit, plan
from widthscope.studies.attention_paths.limits.claims import CLAIMS
from widthscope.studies.attention_paths.limits.settings import Approach, Cubic, Limits
from widthscope.work import Work

SETTINGS = Limits(
    cubic=Cubic(widths=(5, 50)),
    approach=Approach(widths=(1000, 10000), seeds=12, examples=40, tests=20, tokens=10, features=40),
)


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_the_minimum_is_the_root_that_numpy_finds(stored: dict[str, xr.DataTree]) -> None:
    data = experiment.gaussian_paths(20, 40, 2, 1, seed=103, data_seed=0)
    C = data.inputs[:, 0] @ data.inputs[:, 0].T / 40
    norm = float(data.labels @ np.linalg.solve(C, data.labels)) / 20
    table = stored["limits"]["cubic"].to_dataset().sel(seed=0)
    for width in (5, 50):
        roots = np.roots([1.0, 20 / width - 1, 0.0, -20 / width * norm])
        (root,) = (one.real for one in roots if abs(one.imag) < 1e-9 and one.real > 0)
        assert float(table["order"].sel(width=width)) == pytest.approx(root**2, rel=1e-9)
        assert float(table["root"].sel(width=width)) == pytest.approx(root**2, rel=1e-9)


def test_random_starts_lead_to_one_minimum_of_four_paths(stored: dict[str, xr.DataTree]) -> None:
    spread = stored["limits"]["starts"].to_dataset()["spread"]
    assert spread.sizes == {"seed": 12}
    assert float(spread.min()) >= 0
    assert float(spread.max()) < 1e-10


def test_several_minima_would_be_reported(
    stored: dict[str, xr.DataTree], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With twice the labels for random starts, their minima are others: the spread is not always 0."""
    found = experiment.restarts

    def other(posed, generator, count):
        return found(replace(posed, labels=2 * posed.labels), generator, count)

    monkeypatch.setattr(experiment, "restarts", other)
    (shard,) = plan.shards(SETTINGS, seed=103)
    spread = experiment.starts({**shard.settings["cubic"], "seeds": 2, "seed": 103})["spread"]
    assert float(spread.min()) > 0.1
    table = xr.Dataset({"spread": spread})
    assert float(fit.starts_test(table)["estimate"].max()) == pytest.approx(1e6 * float(spread.max()))


def test_the_whole_term_is_approached_in_every_data_set_and_the_other_is_not(
    stored: dict[str, xr.DataTree],
) -> None:
    gap = stored["limits"]["approach"].to_dataset()["gap"]
    falls = gap.isel(width=-1) / gap.isel(width=0)
    assert float(falls.sel(term="whole").max()) < 0.3
    assert float(falls.sel(term="without shift").min()) > 0.5
    # Gaps are relative to the same term, so U's with and without the shift differ by tr(E')'s part of it.
    assert float(gap.isel(width=-1).sel(quantity="order", term="without shift").min()) > 0.2


def test_no_claim_is_refuted_and_every_control_is(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("attention_paths", "2405.15926", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert {one.verdict for one in judge("attention_paths", "2405.15926", CLAIMS, tree)} == {"supported"}


def test_a_minimum_that_was_not_found_decides_nothing(stored: dict[str, xr.DataTree]) -> None:
    broken = {"limits": stored["limits"].copy(deep=True)}
    broken["limits"]["approach"]["gap"][3, 1] = np.nan
    broken["limits"]["cubic"]["deviation"][3, 1] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = judge("attention_paths", "2405.15926", CLAIMS, found)
    assert [one.verdict for one in verdicts] == ["undecided", "undecided"]


def test_the_figures_are_drawn(tree: xr.DataTree) -> None:
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert not any("nan" in drawing.caption for drawing in drawings.values())
    for axes in drawings["gp-limit"].figure.axes:
        assert axes.get_xlabel() == "width $N$ in thousands"
        ticks = axes.xaxis.get_major_ticks()
        axes.figure.canvas.draw()
        assert [tick.label1.get_text() for tick in ticks] == ["1", "10"]


def test_more_examples_than_features_have_no_cubic() -> None:
    with pytest.raises(ValidationError, match=r"features \(10\) must be at least as many as examples \(20\)"):
        Cubic(features=10)
