"""The training on Sudoku and its plan, at small sizes."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from tests.studies.jacobian_dynamics.sudoku.small_run import SMALL, boards

from widthscope.errors import StudyError
from widthscope.studies.jacobian_dynamics.networks.stored import parameters_of
from widthscope.studies.jacobian_dynamics.sudoku import experiment, plan
from widthscope.studies.jacobian_dynamics.sudoku.settings import Run, Sudoku
from widthscope.work import Work


def run_of(settings: Sudoku, arm: str, seed: int = 0) -> dict:
    runs = {
        name: run for shard in plan.shards(settings, seed) for name, run in shard.settings["runs"].items()
    }
    return runs[arm]


def test_short_arms_share_a_job_and_long_ones_have_their_own():
    assert [shard.name for shard in plan.shards(SMALL, 0)] == ["sudoku"]
    laptop = plan.shards(Sudoku(), 0)
    assert [shard.name for shard in laptop] == ["sudoku-itrsa", "sudoku-akorn", "sudoku-others"]
    assert max(shard.cost.seconds for shard in laptop) < 75
    assert sum(shard.cost.seconds + shard.spectra_cost.seconds for shard in laptop) < 180
    long = plan.shards(Sudoku(rms=Run(steps=10**5)), 0)
    assert [shard.name for shard in long][:2] == ["sudoku-rms", "sudoku-unit"]
    assert {name for shard in long for name in shard.settings["runs"]} == {*Sudoku().runs()}
    assert {shard.spectra for shard in laptop} == {"sudoku.spectra"}


def test_a_training_job_reads_nothing_of_what_is_measured():
    more = SMALL.model_copy(update={"measured": SMALL.measured.model_copy(update={"votes": 9})})
    (one,), (other,) = plan.shards(SMALL, 0), plan.shards(more, 0)
    assert one.settings == other.settings
    assert one.spectra_settings != other.spectra_settings


@pytest.mark.parametrize("bad", [{"iterations": 7}, {"heads": 3}, {"width": 10}, {"order": 5}])
def test_sizes_that_do_not_fit_are_refused(bad):
    with pytest.raises(ValidationError):
        Sudoku(**bad)


def test_boards_of_another_order_are_refused():
    with pytest.raises(StudyError) as caught:
        experiment.trained("rms", run_of(SMALL.model_copy(update={"order": 6}), "rms"), boards(), Work())
    assert str(caught.value) == (
        "studies.jacobian_dynamics.sudoku.order is 6, but datasets.sudoku.order is 4; set both alike"
    )


def test_parameters_are_kept_at_even_steps_and_arms_start_alike():
    found = {arm: experiment.trained(arm, run_of(SMALL, arm), boards(), Work()) for arm in ("rms", "akorn")}
    assert list(found["rms"]["step"].values) == [0, 3, 6]
    assert (found["rms"]["diverged_at"] == -1).all()
    first = {arm: parameters_of(history, 0) for arm, history in found.items()}
    for name in ("query", "embed_digit", "read_first"):
        torch.testing.assert_close(first["rms"][name], first["akorn"][name], rtol=0, atol=0)
    assert not torch.equal(parameters_of(found["rms"], -1)["query"], first["rms"]["query"])
    assert "gain" in first["rms"]
    assert "frequency" in first["akorn"]


@pytest.mark.parametrize("arm", ["rms", "akorn", "sym"])
def test_a_seed_is_the_same_to_the_last_bit_whoever_shares_its_batch(arm):
    settings = run_of(SMALL, arm)
    two, three = (experiment.trained(arm, {**settings, "seeds": seeds}, boards(), Work()) for seeds in (2, 3))
    np.testing.assert_array_equal(two["loss"].values, three["loss"].values[:2])
    np.testing.assert_array_equal(two["parameter_query"].values, three["parameter_query"].values[:2])


def test_a_batch_is_of_training_boards_with_other_first_states_at_each_step():
    table, settings = boards(), run_of(SMALL, "rms")
    members = experiment.Members.grid(seed=range(2))
    batches = experiment._batches(members, settings, table, ("test",), "cpu")
    one, two = batches(0), batches(1)
    assert one["puzzle"].shape == (2, 6, 16)
    assert one["noise"].shape == (2, 6, 16, 8)
    assert not torch.equal(one["noise"], two["noise"])
    given = one["puzzle"] > 0
    assert torch.equal(one["target"][given], one["puzzle"][given] - 1)
    trained_on = {tuple(row) for row in table["puzzle"].values[:60].reshape(60, 16).tolist()}
    assert {tuple(row) for row in one["puzzle"].flatten(0, 1).tolist()} <= trained_on


def test_the_boards_of_the_tests_are_stored_beside_the_parameters():
    table = boards()
    found = experiment.boards(table)
    np.testing.assert_array_equal(found["id_puzzle"].values, table["puzzle"].values[60:72].reshape(12, 16))
    np.testing.assert_array_equal(found["ood_solution"].values, table["solution"].values[72:].reshape(12, 16))
