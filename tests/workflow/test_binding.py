"""What the rules ask of the plan, without Snakemake."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from pytest import MonkeyPatch  # noqa: PT013
from tests.checkout import ROOT

from widthscope.config import load
from widthscope.errors import StoreError, StudyError
from widthscope.workflow.binding import Binding, check_writable, open_plan, share_library
from widthscope.workflow.pinned_plan import VARIABLE
from widthscope.workflow.planning import Plan


@pytest.fixture
def plan(monkeypatch: MonkeyPatch, tmp_path: Path) -> Plan:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")  # so that what a test sets there is taken back
    monkeypatch.delenv(VARIABLE)
    config = load({"run": "tryout", "device": "cuda", "studies": {"limit_law": {}}}, "config.yaml")
    return Plan(config, root=ROOT)


def wildcards(**named: str) -> SimpleNamespace:
    return SimpleNamespace(items=named.items)


def test_memory_and_time_suffice_for_every_shard_and_grow_with_the_attempt(plan: Plan) -> None:
    memory, minutes = Binding(plan).memory("sweep_widths"), Binding(plan).minutes("sweep_widths")
    for name, shard in plan.shards["limit_law"].items():
        asked = wildcards(study="limit_law", shard=name)
        assert memory(asked, attempt=1) >= 1.5 * shard.cost.memory_mb
        assert minutes(asked, attempt=1) * 60 >= 4 * shard.cost.seconds
        assert memory(asked, attempt=3) == 3 * memory(asked, attempt=1)
        assert minutes(asked, attempt=2) == 2 * minutes(asked, attempt=1)


def test_the_shards_of_a_sweep_ask_for_one_size_as_a_job_array_does(plan: Plan) -> None:
    memory, minutes = Binding(plan).memory("sweep_widths"), Binding(plan).minutes("sweep_widths")
    shards = plan.shards["limit_law"]
    assert len({shard.cost for shard in shards.values()}) > 1
    asked = [wildcards(study="limit_law", shard=name) for name in shards]
    assert len({memory(shard, attempt=1) for shard in asked}) == 1
    assert len({minutes(shard, attempt=1) for shard in asked}) == 1


def test_a_run_may_have_no_job_of_a_rule(plan: Plan) -> None:
    plan.jobs = {product: job for product, job in plan.jobs.items() if job.rule != "prepare_dataset"}
    assert Binding(plan).minutes("prepare_dataset")(wildcards(dataset="none"), attempt=1) > 0


def test_a_shard_reads_its_own_settings_and_no_others(plan: Plan) -> None:
    name, shard = next(iter(plan.shards["limit_law"].items()))
    settings = Binding(plan).settings("sweep_widths")(wildcards(study="limit_law", shard=name))
    assert settings == {"shard": shard.settings, "entry": shard.entry, "device": "cuda"}


@pytest.mark.parametrize(("device", "asked"), [("cuda", 1), ("auto", 0), ("cpu", 0)])
def test_a_gpu_is_asked_for_only_where_the_device_says_so_and_the_job_computes_on_it(
    device: str, asked: int
) -> None:
    studied = {"qk_spectrum": {}, "jacobian_dynamics": {}}
    plan = Plan(load({"run": "tryout", "device": device, "studies": studied}, "c"), root=ROOT)

    def gpus(rule: str, study: str, shard: str) -> int:
        return Binding(plan).gpus(rule)(wildcards(study=study, shard=shard))

    assert gpus("sweep_widths", "qk_spectrum", "training-w32") == asked
    assert gpus("sweep_widths", "jacobian_dynamics", "sudoku-itrsa") == asked
    assert gpus("analyse_spectra", "jacobian_dynamics", "sudoku-itrsa") == asked
    assert gpus("analyse_spectra", "jacobian_dynamics", "digits-others") == asked
    assert gpus("analyse_spectra", "qk_spectrum", "training-w32") == 0


def test_an_unknown_job_is_named(plan: Plan) -> None:
    with pytest.raises(StudyError, match="no sweep_widths job for study 'limit_law', shard 'none'"):
        plan.job("sweep_widths", study="limit_law", shard="none")


def test_every_input_of_a_job_is_another_jobs_product(plan: Plan) -> None:
    for job in plan.jobs.values():
        assert set(job.inputs) <= set(plan.jobs), job.product
        assert job.product in job.outputs.values()


def test_a_folder_without_permission_is_refused_by_name(monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(StoreError, match=f"may not write to the folder {tmp_path}"):
        check_writable(tmp_path / "results" / "smoke")


def test_a_wrong_config_ends_the_parse_with_one_sentence(monkeypatch: MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "config.yaml"
    file.write_text("run: tryout\n")
    with pytest.raises(SystemExit, match=r"^widthscope: .*config\.yaml.*studies"):
        open_plan({"run": "tryout"}, [str(file)], ROOT)


def test_jobs_find_the_library_before_what_was_there(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    share_library(Path("/repository/src"))
    assert os.environ["PYTHONPATH"].split(os.pathsep) == ["/repository/src", "/elsewhere"]
