"""The plan that later parses are told, whatever was edited in between."""

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest import MonkeyPatch  # noqa: PT013
from tests.checkout import ROOT

from widthscope.config import load
from widthscope.errors import StoreError
from widthscope.workflow.binding import Binding, open_plan
from widthscope.workflow.pinned_plan import VARIABLE, pin, pinned
from widthscope.workflow.planning import Plan

FIT = "results/tryout/limit_law/fit.digest.json"
BEFORE = {"run": "tryout", "seed": 3, "studies": {"limit_law": {}}}
AFTER = {"run": "tryout", "seed": 4, "studies": {"limit_law": {}}}


@pytest.fixture
def plan(monkeypatch: MonkeyPatch, tmp_path: Path) -> Plan:
    """A plan kept as the first parse of the Snakefile keeps it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")  # so that what is set there is taken back
    plan = Plan(load(BEFORE, "config.yaml"), root=ROOT)
    pin(plan)
    return plan


def test_every_job_is_kept_with_its_settings_and_source(plan: Plan) -> None:
    kept = pinned()
    assert kept is not None
    assert (kept.config["seed"], kept.config_file) == (3, "config.yaml")
    assert set(kept.jobs) == set(plan.jobs)
    for product, job in plan.jobs.items():
        assert kept.jobs[product].source == job.source.digest
        assert kept.jobs[product].settings == json.loads(json.dumps(job.settings))


def test_a_job_that_waited_reads_the_settings_that_were_planned(plan: Plan) -> None:
    name = next(iter(plan.shards["limit_law"]))
    shard = SimpleNamespace(items={"study": "limit_law", "shard": name}.items)
    later = open_plan(AFTER, ["config.yaml"], ROOT)
    assert later.config.seed == 3
    assert Binding(later).settings("sweep_widths")(shard)["shard"]["seed"] == 3
    # Even a plan cut anew from edited code gives the job the values that were planned for it.
    edited = Plan(load(AFTER, "config.yaml"), root=ROOT)
    assert edited.shards["limit_law"][name].settings["seed"] == 4
    assert Binding(edited).settings("sweep_widths")(shard)["shard"]["seed"] == 3


def test_a_job_that_waited_is_told_the_source_that_was_planned(plan: Plan, monkeypatch: MonkeyPatch) -> None:
    digest = plan.jobs[FIT].source.digest
    monkeypatch.setattr("widthscope.workflow.jobs.fingerprint", lambda *_, **__: pytest.fail("planned anew"))
    later = Plan(plan.config, root=ROOT)
    study = SimpleNamespace(items={"study": "limit_law"}.items)
    assert Binding(later).source("fit_limits")(study) == digest


def test_parses_of_one_plan_share_a_file_and_take_nothing_from_each_other(plan: Plan) -> None:
    path = Path(os.environ[VARIABLE])
    half_written = path.with_name(f".{path.name}.0123456789ab.partial")
    half_written.write_text("another parse is writing this")
    path.unlink()
    pin(plan)
    assert Path(os.environ[VARIABLE]) == path
    assert half_written.exists()


@pytest.mark.parametrize("content", [None, "{}", '{"jobs": [', '{"jobs": {"a": 1}}'])
def test_a_plan_that_is_gone_or_damaged_is_one_sentence(plan: Plan, content: str | None) -> None:
    path = Path(os.environ[VARIABLE])
    path.unlink() if content is None else path.write_text(content)
    with pytest.raises(StoreError, match=r"the plan that this job belongs to, .* is gone or damaged"):
        pinned()
    with pytest.raises(SystemExit, match=r"^widthscope: the plan that this job belongs to"):
        open_plan(BEFORE, ["config.yaml"], ROOT)


def test_a_plan_that_cannot_be_kept_is_one_sentence(plan: Plan) -> None:
    shutil.rmtree(".widthscope_cache")
    Path(".widthscope_cache").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match=r"^cannot write .*plans/.*: part of the path is a file"):
        pin(plan)
