"""Models that a user names in the configuration: their jobs, when these run again, and what is refused."""

import os
from pathlib import Path
from typing import Any

import pytest
from tests.checkout import ROOT

from widthscope.checkpoints.file_stamp import stamp
from widthscope.config import Config, load
from widthscope.errors import ConfigError
from widthscope.workflow.binding import open_plan
from widthscope.workflow.pinned_plan import VARIABLE
from widthscope.workflow.planning import Plan

MINUTES_AGO = 1_700_000_000


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two shards of weights, and the working directory beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    folder = tmp_path / "model"
    folder.mkdir()
    names = ("a.safetensors", "b.safetensors", "model.safetensors.index.json", "config.json", "README.md")
    for name in names:
        (folder / name).write_text(name)
        os.utime(folder / name, (MINUTES_AGO, MINUTES_AGO))
    return folder


def raw(*checkpoints: dict[str, Any]) -> dict[str, Any]:
    return {"run": "tryout", "studies": {"limit_law": {}}, "checkpoints": list(checkpoints)}


def configured(*checkpoints: dict[str, Any]) -> Config:
    return load(raw(*checkpoints), "config.yaml")


def test_a_checkpoint_is_analysed_and_drawn_and_the_report_waits_for_both(model: Path) -> None:
    plan = Plan(configured({"name": "gpt-2.small", "path": "model"}), root=ROOT)
    analysed = plan.job("analyse_checkpoint", checkpoint="gpt-2.small")
    drawn = plan.job("draw_checkpoint", checkpoint="gpt-2.small")
    assert analysed.product == "results/tryout/checkpoints/gpt-2.small.digest.json"
    assert analysed.settings["checkpoint"]["path"] == "model"
    assert drawn.inputs == (analysed.product,)
    assert drawn.outputs["figures"] == "results/tryout/checkpoints/gpt-2.small.figures"
    assert drawn.product == "results/tryout/checkpoints/gpt-2.small.figures.json"
    assert {analysed.product, drawn.product} <= set(plan.jobs[plan.report].inputs)
    assert plan.jobs[plan.report].settings["checkpoints"] == ["gpt-2.small"]


def test_a_stamp_is_the_name_size_and_time_of_what_is_read(model: Path) -> None:
    time = MINUTES_AGO * 10**9
    shards = [("a.safetensors", 13, time), ("b.safetensors", 13, time)]
    config, index = ("config.json", 11, time), ("model.safetensors.index.json", 28, time)
    whole = [shards[0], shards[1], config, index]
    assert stamp(model) == stamp(model / "model.safetensors.index.json") == whole
    assert stamp(model / "a.safetensors") == [shards[0], config]
    assert stamp(model / "none.safetensors") == []


def test_a_file_that_changes_is_analysed_again(model: Path) -> None:
    config = configured({"name": "one", "path": "model/a.safetensors"})

    def settings() -> Any:
        return Plan(config, root=ROOT).job("analyse_checkpoint", checkpoint="one").settings

    before = settings()
    assert settings() == before
    (model / "b.safetensors").write_text("another file's matter")
    assert settings() == before
    (model / "a.safetensors").write_text("other weights")
    assert settings() != before


def test_a_run_of_checkpoints_alone_plans_their_jobs_and_the_report(model: Path) -> None:
    alone = {"run": "mine", "checkpoints": [{"name": "one", "path": "model"}]}
    plan = Plan(load(alone, "config.yaml"), root=ROOT)
    assert [job.rule for job in plan.jobs.values()] == [
        "record_config",
        "analyse_checkpoint",
        "draw_checkpoint",
        "build_report",
    ]


def test_a_path_that_is_not_there_is_refused_before_any_work(model: Path) -> None:
    Path("config.yaml").write_text("run: tryout\n")
    present, absent = {"name": "one", "path": "model"}, {"name": "two", "path": "modle"}
    told = r"^widthscope: in config\.yaml, checkpoints\[1\]\.path is 'modle', and there is no such file"
    with pytest.raises(SystemExit, match=told):
        open_plan(raw(present, absent), ["config.yaml"], ROOT)
    # What stands is still judged after a model has been moved away: nothing is refused there.
    assert (
        Plan(configured(absent), root=ROOT).job("analyse_checkpoint", checkpoint="two").settings["stamp"]
        == []
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [("~nobody-of-this-name/x", "Could not determine home directory"), ("x" * 300, "File name too long")],
)
def test_a_path_that_cannot_be_looked_up_is_refused_in_a_sentence(path: str, said: str, model: Path) -> None:
    Path("config.yaml").write_text("run: tryout\n")
    with pytest.raises(SystemExit) as stopped:
        open_plan(raw({"name": "one", "path": path}), ["config.yaml"], ROOT)
    assert str(stopped.value) == (
        f"widthscope: in config.yaml, checkpoints[0].path is '{path}', which cannot be looked up: {said}"
    )


def test_a_file_that_may_be_read_again_is_analysed_again(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readable = stamp(model)
    monkeypatch.setattr("os.access", lambda path, mode: Path(path).name != readable[0][0])
    assert [size for _, size, _ in stamp(model)] == [-1, *(size for _, size, _ in readable[1:])]


@pytest.mark.parametrize(
    ("checkpoints", "told"),
    [
        (
            [{"name": "a", "path": "x"}, {"name": "a", "path": "y"}],
            r"checkpoints cannot be used: two of them have the name 'a', and each needs its own$",
        ),
        ([{"name": "a.figures", "path": "x"}], r"'a\.figures' ends in '\.figures'"),
        ([{"name": "a", "path": "x", "head": 4}], r"checkpoints\[0\]\.head is not a setting.*'heads'"),
        (
            [{"name": "a b", "path": "x"}],
            r"checkpoints\[0\]\.name is 'a b', but it must be text",
        ),
        ([{"name": "a"}], r"checkpoints\[0\]\.path is missing"),
        ([{"name": "a", "path": "x", "layout": "gtp2"}], r"checkpoints\[0\]\.layout is 'gtp2'.*'gpt2'"),
        ({"name": "a", "path": "x"}, r"checkpoints is .*, but it must be a list"),
    ],
)
def test_a_wrong_section_is_one_sentence(checkpoints: Any, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        load(raw() | {"checkpoints": checkpoints}, "config.yaml")


def test_a_text_that_is_not_there_is_refused_only_where_a_study_reads_it(model: Path) -> None:
    Path("config.yaml").write_text("run: tryout\n")
    unread = {**raw(), "datasets": {"text": {"file": "none.txt"}}}
    assert open_plan(unread, ["config.yaml"], ROOT).shards
