"""From tables to verdicts: numbers as expected, numbers the other way round, and numbers that are missing."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.attention_paths.hidden_markov import synthetic_tables
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.statistics.claims import judge
from widthscope.studies.attention_paths.hidden_markov import (
    accuracies,
    figures,
    fit,
    weight_evidence,
    width_evidence,
)
from widthscope.studies.attention_paths.hidden_markov.claims import CLAIMS
from widthscope.studies.attention_paths.hidden_markov.variants import FOUR, TWO

STUDY, ARXIV = "attention_paths", "2405.15926"


def tree_of(shards: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(shards, {}))


def verdicts(tree: xr.DataTree) -> dict[str, str]:
    return {verdict.id.split("/")[1]: verdict.verdict for verdict in judge(STUDY, ARXIV, CLAIMS, tree)}


@pytest.fixture(scope="module")
def tree() -> xr.DataTree:
    return tree_of(synthetic_tables.shards())


def test_expected_numbers_support_every_claim_and_their_controls_are_refuted(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted(STUDY, ARXIV, CLAIMS, tree)
    assert set(verdicts(tree).values()) == {"supported"}


def test_mirrored_numbers_support_no_claim():
    found = verdicts(tree_of(synthetic_tables.shards(reversed_effects=True)))
    assert "supported" not in found.values()


def test_rescaling_that_gains_as_much_leaves_the_gain_and_the_fall_open():
    shards = synthetic_tables.shards()
    for variant in (FOUR, TWO):
        table = shards[f"hidden-markov-{variant}"][variant]
        table["rescaled_accuracy"][:] = table["accuracy"].sel(subset="all").values
    found = verdicts(tree_of(shards))
    assert {name for name, verdict in found.items() if verdict == "undecided"} == {
        "fw-beats-gp-hmm",
        "accuracy-vs-width",
    }


@pytest.mark.parametrize("gained", [0.0, 0.01])
def test_a_gain_not_worth_mentioning_is_refuted(gained):
    shards = synthetic_tables.shards()
    for variant in (FOUR, TWO):
        table = shards[f"hidden-markov-{variant}"][variant]
        table["accuracy"][:, 0, 0] = table["infinite_accuracy"][:, 0].values + gained
    assert verdicts(tree_of(shards))["fw-beats-gp-hmm"] == "refuted"


def test_a_minimum_that_was_not_reached_leaves_its_claims_open():
    shards = synthetic_tables.shards()
    shards[f"hidden-markov-{TWO}"][TWO]["accuracy"][3, 0, 0] = np.nan
    found = verdicts(tree_of(shards))
    undecided = {name for name, verdict in found.items() if verdict == "undecided"}
    assert undecided == {
        "fw-beats-gp-hmm",
        "accuracy-vs-width",
        "path-interplay",
        "control-shuffled-labels",
    }


def test_the_tuned_temperature_is_the_best_on_validation_and_is_judged_on_the_test():
    values = [[[0.5, 0.9], [0.8, 0.6], [0.8, 0.7]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]]]
    table = xr.DataArray(
        values,
        dims=("seed", "temperature", "part"),
        coords={"temperature": [0.1, 1.0, 10.0], "part": ["validation", "test"]},
    )
    assert accuracies.tuned(table).values.tolist() == [
        0.6,
        0.1,
    ]  # the colder of two equals; never the best test
    assert accuracies.chosen_temperature(table).values.tolist() == [1.0, 0.1]
    table[1, 2, 0] = np.nan
    assert np.isnan(accuracies.tuned(table).values).tolist() == [False, True]


def test_rank_correlations_of_data_sets_that_all_agree_have_an_error():
    falling = np.full(16, -1.0)
    table = width_evidence.rank_evidence(["four paths"], [falling], widths=3)
    assert table["estimate"].values == [-1.0]
    # of three widths a swap of two neighbours moves one correlation by 1/2
    assert table["standard_error"].values == pytest.approx([0.5 / 16])
    swapped = falling.copy()
    swapped[0] = -0.5
    assert swapped.mean() - falling.mean() == pytest.approx(0.5 / 16)


def test_rank_correlations_follow_the_order_of_widths_alone():
    table = xr.DataArray(
        [[0.9, 0.8, 0.5], [0.5, 0.6, 0.9], [0.7, 0.7, 0.7], [0.7, np.nan, 0.6]],
        dims=("seed", "width"),
        coords={"width": [10, 20, 1000]},
    )
    assert width_evidence.rank_correlations(table) == pytest.approx([-1.0, 1.0, 0.0, np.nan], nan_ok=True)


def test_ratios_and_correlations_are_of_the_named_paths():
    names = ["good", "random-1", "denoising", "random-2"]
    matrix = np.diag([8.0, 2.0, 2.0, 4.0])
    matrix[0, 2] = matrix[2, 0] = -2.0
    table = xr.DataArray(matrix[None], dims=("seed", "path", "path2"), coords={"path": names, "path2": names})
    assert np.concatenate(weight_evidence.log_ratios(table)) == pytest.approx(np.log([4.0, 0.5]))
    assert weight_evidence.correlation(table, "good", "denoising").values == pytest.approx([-0.5])


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
    assert "0.950 at width 10" in drawings["hidden-markov-accuracy"].caption


def test_figures_are_drawn_of_what_was_not_measured_too():
    shards = synthetic_tables.shards()
    shards[f"hidden-markov-{FOUR}"][FOUR]["order_parameter"][:] = np.nan
    assert set(figures.draw(tree_of(shards))) >= {"hidden-markov-weights"}


@pytest.mark.parametrize("count", [1, 3, 5])
def test_no_curve_over_depth_hides_another(count):
    widths, layers = [10 * 2**place for place in range(count)], [1, 2, 3]
    level = np.full((3, count), 0.9)
    table = xr.Dataset(
        {
            **dict.fromkeys(("finite", "finite_half"), (("layers", "width"), level)),
            **dict.fromkeys(("infinite", "infinite_half"), ("layers", level[:, 0])),
        },
        coords={"layers": layers, "width": widths},
    )
    (axes,) = figures.depth(table).figure.axes
    first = [drawn.lines[0].get_xdata()[0] for drawn in axes.containers]
    assert len(first) == count + 1
    assert np.diff(first) == pytest.approx(figures.APART)
    assert np.mean(first) == pytest.approx(1.0)


def test_what_is_said_of_overlaps_is_what_is_drawn(tree):
    alt = figures.draw(tree)["hidden-markov-kernels"].alt
    for variant, called in ((FOUR, "four paths"), (TWO, "two paths")):
        overlap = tree[f"/curves/hidden-markov-kernel-{variant.replace('_', '-')}"]["overlap"]
        finite = overlap.sel(kernel="finite", labelled="true").values
        assert finite.argmax() == 1
        assert f"With {called} the mean overlap is {finite[1]:.2f} at rank 2 and at most" in alt
