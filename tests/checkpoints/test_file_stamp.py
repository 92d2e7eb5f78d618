"""That a checkpoint is the planned one when its job starts, told in a sentence if it is not."""

import os
from pathlib import Path

import pytest

from widthscope.checkpoints.file_stamp import check_unchanged, stamp
from widthscope.errors import CheckpointError


@pytest.fixture
def model(tmp_path: Path) -> Path:
    for name in ("model.safetensors", "config.json"):
        (tmp_path / name).write_text("{}")
    return tmp_path / "model.safetensors"


def planned(path: Path) -> list[list[str | int]]:
    """As the settings of a job carry it."""
    return [list(facts) for facts in stamp(path)]


def test_files_that_stand_as_planned_pass(model: Path) -> None:
    check_unchanged(model, planned(model))
    check_unchanged(model.parent, planned(model.parent))


def test_a_file_that_vanishes_and_comes_back_with_its_time(model: Path) -> None:
    before, away = planned(model), model.with_suffix(".away")
    model.rename(away)
    with pytest.raises(CheckpointError, match=r"config.json, model.safetensors vanished after the job was"):
        check_unchanged(model, before)
    away.rename(model)
    assert planned(model) == before  # so that nothing but the refusal tells
    check_unchanged(model, before)


def test_a_file_that_is_written_again(model: Path) -> None:
    before = planned(model)
    os.utime(model, (1, 1))
    with pytest.raises(CheckpointError, match=r": model.safetensors changed after the job was planned"):
        check_unchanged(model, before)


def test_a_shard_that_comes_late(model: Path) -> None:
    before = planned(model.parent)
    (model.parent / "more.safetensors").write_text("")
    with pytest.raises(CheckpointError, match=r": more.safetensors changed after"):
        check_unchanged(model.parent, before)
