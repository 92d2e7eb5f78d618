"""Verdicts on made-up measurements: supported as the claims say, and not where the effect is missing."""

import pytest
import xarray as xr
from tests.studies.jacobian_dynamics.sudoku import made_up

from widthscope import plotting
from widthscope.errors import StudyError
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.sudoku import board_figure, figures, fit
from widthscope.studies.jacobian_dynamics.sudoku.claims import CLAIMS


def verdicts(shards):
    tree = xr.DataTree.from_dict(fit.fit(shards, {}))
    found = judge("jacobian_dynamics", "2505.19458", CLAIMS, tree)
    return {verdict.id.removeprefix("jacobian_dynamics/"): verdict for verdict in found}


def changed(arm, change):
    """The made-up shards with one arm's table changed."""
    shards = made_up.spectra()
    for name, tree in shards.items():
        nodes = {str(key): node.to_dataset() for key, node in tree.children.items()}
        if arm in nodes:
            nodes[arm] = change(nodes[arm].copy(deep=True))
            shards[name] = xr.DataTree.from_dict(nodes)
    return shards


def test_claims_hold_where_measurements_are_as_they_say_and_controls_fail():
    found = verdicts(made_up.spectra())
    voting = found.pop("pseudo-voting")
    assert voting.verdict == "reported"
    assert {name: verdict.verdict for name, verdict in found.items()} == dict.fromkeys(found, "supported")
    assert all(verdict.control.rejected for verdict in found.values())


def put(name, value):
    def change(table):
        table[name] = xr.full_like(table[name], value)
        return table

    return change


def held(name):
    """Nothing changes with the iterations."""

    def change(table):
        table[name] = table[name].isel(iteration=7, drop=True).broadcast_like(table[name])
        return table.transpose("member", "part", "iteration", ...)

    return change


@pytest.mark.parametrize(
    ("claim", "arm", "change"),
    [
        ("train-mle-to-zero", "rms", put("finite", 0.5)),
        ("train-test-time-scaling", "rms", held("boards")),
        ("train-test-time-scaling", "rms", held("cells")),
        ("akorn-large-n-fails", "akorn-32", held("cells")),
        ("akorn-parity", "akorn", put("period_two", 0.1)),
        ("train-eigen-picture", "unit", put("eigenvalue_real", 1.3)),
        ("train-eigen-picture", "rms", put("eigenvalue_imag", 0.0)),
        ("train-eigen-picture", "none", put("eigenvalue_real", 0.1)),
        ("pseudo-decrease", "akorn", put("fall", -0.5)),
        ("pseudo-decrease", "akorn", put("cosine", 0.3)),
    ],
)
def test_a_claim_falls_where_its_effect_is_missing(claim, arm, change):
    found = verdicts(changed(arm, change))[claim]
    assert found.verdict in ("refuted", "undecided")
    assert any(test.verdict == "refuted" for test in found.tests) or not found.control.rejected


@pytest.mark.parametrize(
    ("claim", "arm", "change"),
    [
        ("train-mle-to-zero", "none", put("finite", 0.0)),
        ("akorn-parity", "rms", put("period_two", 0.95)),
        ("pseudo-decrease", "akorn", put("cosine_other", 0.86)),
    ],
)
def test_a_claim_is_undecided_where_its_control_shows_the_same(claim, arm, change):
    found = verdicts(changed(arm, change))[claim]
    assert found.verdict == "undecided"
    assert "confounded" in found.reason


def test_a_seed_that_diverged_leaves_a_claim_undecided():
    def spoil(table):
        table["period_two"][3] = float("nan")
        return table

    assert verdicts(changed("akorn", spoil))["akorn-parity"].verdict == "undecided"


def test_eigenvalues_of_a_seed_that_diverged_are_not_left_out():
    def spoil(table):
        for part in ("real", "imag"):
            table[f"eigenvalue_{part}"][3] = float("nan")
        table["eigenvalue_residual"][3] = float("nan")
        return table

    found = verdicts(changed("rms", spoil))["train-eigen-picture"]
    outcome = {test.name: test.verdict for test in found.tests}
    assert (outcome["bulk"], outcome["rotates"], outcome["outside"]) == (
        "undecided",
        "undecided",
        "supported",
    )
    assert found.verdict == "undecided"


def test_leading_eigenvalues_alone_decide_no_share():
    found = verdicts(changed("none", lambda table: table.assign_attrs(dimension=200)))["train-eigen-picture"]
    assert {test.name: test.verdict for test in found.tests}["outside"] == "undecided"


def test_before_and_after_must_differ_on_the_same_networks():
    def still(table):
        table["finite"][:, 0] = table["finite"][:, 1]
        return table

    found = verdicts(changed("rms", still))["train-mle-to-zero"]
    assert found.verdict in ("refuted", "undecided")


def test_a_run_without_this_family_is_said_so():
    with pytest.raises(StudyError, match="the spectral stage has no shard 'sudoku"):
        fit.fit({"spectra/digits": xr.DataTree()}, {})


def test_figures_say_their_numbers():
    drawings = figures.draw(xr.DataTree.from_dict(fit.fit(made_up.spectra(), {})))
    assert set(drawings) == {claim.figure for claim in CLAIMS} | {"sudoku-board"}
    assert "no norm 1.68 and 1.72" in drawings["sudoku-eigenvalues"].alt
    assert "0.25 at 8 and 0.40 at 32" in drawings["sudoku-accuracy"].alt
    assert "with 1, 1, 0, 0, 0, 0 wrong digits" in drawings["sudoku-board"].alt
    for drawing in drawings.values():
        assert "nan" not in drawing.alt
        assert plotting.svg(drawing.figure).startswith("<?xml")


def test_moments_that_are_shown_end_where_the_board_is_solved():
    assert board_figure.moments(8, 17, 32) == [0, 2, 4, 8, 12, 17]
    assert board_figure.moments(8, -1, 32) == [0, 2, 4, 8, 20, 32]
