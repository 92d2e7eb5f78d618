"""The plan of a run: every job of every study, and refusals of studies that cannot be planned."""

from types import SimpleNamespace

import pytest
from tests.checkout import ROOT

from widthscope import studies
from widthscope.config import load
from widthscope.errors import DataError, StudyError
from widthscope.studies.base import Cost, Shard
from widthscope.workflow.planning import Plan

CONFIG = load({"run": "tryout", "seed": 5, "studies": {"limit_law": {}}}, "config.yaml")


def plan_of(monkeypatch: pytest.MonkeyPatch, *shards: Shard) -> Plan:
    """The plan of a study that cuts its sweep into these shards."""
    cut = SimpleNamespace(shards=lambda settings, seed: list(shards))
    monkeypatch.setattr(studies, "load", lambda slug, module: cut)
    return Plan(CONFIG, root=ROOT)


def shard(name: str, datasets: tuple[str, ...] = ()) -> Shard:
    return Shard(name, "experiment", {"seed": 5}, Cost(seconds=1, memory_mb=1), datasets)


def test_a_dataset_is_prepared_once_and_only_if_a_shard_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_of(monkeypatch, shard("a", ("digits",)), shard("b", ("digits", "gaussian")), shard("c"))
    digits, gaussian = (f"results/tryout/datasets/{name}.digest.json" for name in ("digits", "gaussian"))
    prepared = [job.product for job in plan.jobs.values() if job.rule == "prepare_dataset"]
    assert prepared == [digits, gaussian]
    inputs = {name: plan.job("sweep_widths", study="limit_law", shard=name).inputs for name in "abc"}
    assert inputs == {"a": (digits,), "b": (digits, gaussian), "c": ()}
    assert plan.jobs[gaussian].settings["seed"] == 5
    assert "seed" not in plan.jobs[digits].settings


def test_two_shards_of_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StudyError, match=r"^study 'limit_law' has two shards 'rate-h2', and each needs"):
        plan_of(monkeypatch, shard("rate-h2"), shard("rate-h4"), shard("rate-h2"))


@pytest.mark.parametrize("name", ["", "../up", "a/b", "a b", ".hidden", "-n", "größe"])
def test_a_shard_name_that_is_not_safe_in_a_path_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(StudyError, match=f"^study 'limit_law' has a shard '{name}', but the name of a shard"):
        plan_of(monkeypatch, shard(name))


def test_a_shard_of_an_unknown_dataset_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match=r"there is no dataset 'digit'; .* did you mean 'digits'\?"):
        plan_of(monkeypatch, shard("a", ("digit",)))


def jobs_of(widths: list[int]) -> dict[str, tuple[object, str, tuple[str, ...]]]:
    """What decides each job of qk_spectrum alone, trained at these widths, by product."""
    studied = {"qk_spectrum": {"training": {"widths": widths}}}
    plan = Plan(load({"run": "tryout", "studies": studied}, "config.yaml"), root=ROOT)
    return {name: (job.settings, job.source.digest, job.inputs) for name, job in plan.jobs.items()}


def test_another_width_is_trained_and_analysed_and_leaves_what_was_trained() -> None:
    few, more = jobs_of([16, 32]), jobs_of([16, 32, 48])
    study = "results/tryout/qk_spectrum"
    added = {f"{study}/{stage}/training-w48.digest.json" for stage in ("sweep", "spectra")}
    assert {*more} - {*few} == added
    changed = {name for name in few if few[name] != more[name]}
    assert changed == {"results/tryout/config.json", f"{study}/fit.digest.json"}
