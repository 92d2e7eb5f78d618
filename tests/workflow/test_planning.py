"""The plan of a run: every job of every study, and refusals of studies that cannot be planned."""

from types import SimpleNamespace

import pytest
from tests.checkout import ROOT

from widthscope import studies
from widthscope.config import load, read
from widthscope.errors import ConfigError, DataError, StudyError
from widthscope.studies.base import GPU_SPEEDUP, Cost, Shard
from widthscope.workflow.binding import Binding
from widthscope.workflow.planning import Plan

DAY = 86400.0
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


def networks(device: str, order: int = 4) -> Plan:
    """The plan of both studies that train networks."""
    raw = {
        "run": "tryout",
        "device": device,
        "studies": {"qk_spectrum": {}, "jacobian_dynamics": {}},
        "datasets": {"sudoku": {"order": order}},
    }
    return Plan(load(raw, "mine.yaml"), "mine.yaml", ROOT)


def test_the_device_decides_spectra_that_compute_on_it_and_no_others() -> None:
    plan = networks("cuda")
    spectra = [job for job in plan.jobs.values() if job.rule == "analyse_spectra"]
    on_device = {job.wildcards["shard"] for job in spectra if "device" in job.settings}
    trained = {name for name in plan.shards["jacobian_dynamics"] if name.startswith(("digits", "sudoku"))}
    assert on_device == trained
    assert {job.wildcards["shard"] for job in spectra} > on_device
    on_cpu = networks("cpu")
    changed = {job.product for job in spectra if job.settings != on_cpu.jobs[job.product].settings}
    assert changed == {job.product for job in spectra if job.wildcards["shard"] in on_device}


def test_a_gpu_is_expected_to_train_faster_and_to_do_all_else_as_fast() -> None:
    found = {device: networks(device) for device in ("cpu", "auto", "cuda")}
    ratios = set()
    for product, job in found["cpu"].jobs.items():
        seconds = found["cuda"].jobs[product].cost.seconds
        assert found["auto"].jobs[product].cost.seconds == seconds
        ratio = round(job.cost.seconds / seconds)
        assert ratio == 1 or job.rule in ("sweep_widths", "analyse_spectra")
        ratios.add(ratio)
    assert ratios == {1, round(GPU_SPEEDUP)}


def test_no_job_of_the_papers_sizes_asks_for_more_than_three_days() -> None:
    plan = Plan(read(ROOT / "config.paper.yaml"), "config.paper.yaml", ROOT)
    for rule in ("sweep_widths", "analyse_spectra"):
        asked = Binding(plan).minutes(rule)(None, attempt=1) * 60
        assert asked < 3 * DAY, rule


def test_boards_of_another_order_than_the_networks_are_refused() -> None:
    with pytest.raises(
        ConfigError,
        match=r"^in mine\.yaml, datasets\.sudoku\.order is 6, but "
        r"studies\.jacobian_dynamics\.sudoku\.order is 4; set both alike$",
    ):
        networks("cpu", order=6)
