import pickle
import signal
import subprocess
import sys
import time

import pytest
import torch
from tests.checkout import ROOT
from tests.ensembles.small_training import SEEDS, STEPS, trained

from widthscope.ensembles import resume
from widthscope.ensembles.members import Members
from widthscope.ensembles.resume import STATE, ResumeError
from widthscope.progress import quiet
from widthscope.work import Work


class KilledError(Exception):
    pass


def killed_at(last):
    """A progress that ends the loop before step `last`."""

    def progress(iterable, total=None, description=""):
        for step in quiet(iterable):
            if step == last:
                raise KilledError
            yield step

    return progress


def same(found, expected):
    assert found.history.identical(expected.history)
    assert torch.equal(found.diverged_at, expected.diverged_at)
    for name, values in expected.parameters.items():
        assert torch.equal(found.parameters[name], values), name


@pytest.mark.parametrize("members", [SEEDS, SEEDS.take([3])], ids=["many", "lone"])
def test_a_run_killed_again_and_again_ends_the_same(tmp_path, members):
    expected = trained(members)
    for last in (3, 4, 17, STEPS - 1):
        with pytest.raises(KilledError):
            trained(members, work=Work(progress=killed_at(last), unfinished=tmp_path), save_seconds=0)
    seen = []

    def progress(iterable, total=None, description=""):
        for step in iterable:
            seen.append(step)
            yield step

    resumed = trained(members, work=Work(progress=progress, unfinished=tmp_path), save_seconds=0)
    same(resumed, expected)
    assert seen == [STEPS - 1]  # all else was done before


SLOW_TRAINING = """
import sys, time
from pathlib import Path
from tests.ensembles.small_training import SEEDS, trained
from widthscope.work import Work

def slow(iterable, total=None, description=""):
    for step in iterable:
        time.sleep(0.005)
        yield step

trained(SEEDS, steps=300, work=Work(progress=slow, unfinished=Path(sys.argv[1])), save_seconds=0)
"""


def test_a_killed_process_is_resumed_to_the_same_bits(tmp_path):
    process = subprocess.Popen([sys.executable, "-c", SLOW_TRAINING, tmp_path], cwd=ROOT)
    state = tmp_path / "training" / STATE
    deadline = time.monotonic() + 60
    while not state.exists() or steps_done(state) < 70:  # the second record is at step 60
        assert process.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    begun = steps_done(state)
    resumed = []

    def progress(iterable, total=None, description=""):
        for step in iterable:
            resumed.append(step)
            yield step

    found = trained(SEEDS, steps=300, work=Work(progress=progress, unfinished=tmp_path))
    assert resumed == list(range(begun, 300))
    same(found, trained(SEEDS, steps=300))


def steps_done(state):
    return torch.load(state, weights_only=True)["content"]["done"]


def test_a_state_of_another_identity_is_thrown_away(tmp_path):
    with pytest.raises(KilledError):
        trained(SEEDS, work=Work(progress=killed_at(9), unfinished=tmp_path, identity="a"), save_seconds=0)
    other = Members.grid(seed=range(20, 37))
    same(trained(other, work=Work(unfinished=tmp_path, identity="b"), save_seconds=0), trained(other))


@pytest.mark.parametrize(
    "content",
    [b"", b"torn", pickle.dumps({"identity": "", "content": print}, protocol=2)],
    ids=["empty", "torn", "code"],
)
def test_a_state_that_is_none_is_thrown_away_and_never_executed(tmp_path, content):
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / STATE).write_bytes(content)
    same(trained(SEEDS, work=Work(unfinished=tmp_path)), trained(SEEDS))


def test_nothing_is_written_without_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    trained(SEEDS, save_seconds=0)
    assert list(tmp_path.iterdir()) == []


def test_two_trainings_of_a_job_need_two_names(tmp_path):
    work = Work(unfinished=tmp_path)
    first = trained(SEEDS, work=work, name="first")
    second = trained(SEEDS, work=work, name="second")
    same(second, first)
    with pytest.raises(ResumeError, match="first is in use"):
        trained(SEEDS, work=work, name="first")


def test_a_run_killed_after_its_last_step_is_not_trained_again(tmp_path, monkeypatch):
    expected = trained(SEEDS, work=Work(unfinished=tmp_path), save_seconds=0)
    monkeypatch.setattr(resume, "_in_use", set())  # as in a new process

    def never(iterable, total=None, description=""):
        assert list(iterable) == []
        return iter(())

    same(trained(SEEDS, work=Work(progress=never, unfinished=tmp_path)), expected)
