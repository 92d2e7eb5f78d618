"""Each module of each study edited in turn: exactly what its study's table says becomes stale.

The table of a study is `tests/studies/<slug>/mutations.py`, with every module of the study in one of the
lists `PLANNING` (changes no job), `FITTING`, `JUDGING` and `DRAWING`, or among the keys of `SWEEPING` and
`ANALYSING`, whose values are patterns of the shards whose sweep, or whose spectra, the module changes.
"""

import runpy
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from tests.checkout import ROOT, Checkout

from widthscope import studies
from widthscope.config import load, read
from widthscope.fingerprint import fingerprint
from widthscope.source_tree import SourceTree
from widthscope.workflow.jobs import Job
from widthscope.workflow.planning import Plan

JUDGED = {"judge_claims", "build_report"}
DRAWN = {"draw_figures", "build_report"}
FITTED = {"fit_limits"} | JUDGED | DRAWN
STAGES = {"PLANNING": set(), "FITTING": FITTED, "JUDGING": JUDGED, "DRAWING": DRAWN}
EDIT = "\nEDITED = 1\n"


def plan_of(slug: str) -> Plan:
    """The plan of one study alone, at smoke size."""
    smoke = read(ROOT / "tests/config.smoke.yaml")
    section = smoke.studies[slug].model_dump(mode="json") if slug in smoke.studies else {}
    return Plan(load({"run": "smoke", "studies": {slug: section}}, "config.smoke.yaml"), root=ROOT)


def name_of(job: Job) -> str:
    """As `Checkout.scheduled` names it: the rule, with the shard if it has one."""
    return f"{job.rule}:{job.wildcards['shard']}" if "shard" in job.wildcards else job.rule


def table_of(slug: str) -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tests/studies" / slug / "mutations.py"))


def names_in(table: Mapping[str, Any]) -> list[str]:
    """The modules that a table names, those of the sweep and of the spectra once."""
    listed = [module for stage in STAGES for module in table.get(stage, "").split()]
    return sorted([*listed, *{*table.get("SWEEPING", {}), *table.get("ANALYSING", {})}])


def modules_of(slug: str) -> list[str]:
    room = ROOT / "src/widthscope/studies" / slug
    return sorted(p.relative_to(room).as_posix() for p in room.rglob("*.py") if p.name != "__init__.py")


def expected(module: str, table: Mapping[str, Any], plan: Plan) -> set[str]:
    """What an edit of the module must make stale, by the table."""
    (shards,) = plan.shards.values()
    swept = [name for name in shards if _matches(name, table.get("SWEEPING", {}).get(module, ""))]
    analysed = [name for name in shards if _matches(name, table.get("ANALYSING", {}).get(module, ""))]
    if swept or analysed:
        again = {f"analyse_spectra:{name}" for name in {*swept, *analysed} if shards[name].spectra}
        return FITTED | {f"sweep_widths:{name}" for name in swept} | again
    found = [stale for stage, stale in STAGES.items() if module in table.get(stage, "").split()]
    assert len(found) == 1, f"{module} stands {len(found)} times in the table"
    return found[0]


def _matches(shard: str, patterns: str) -> bool:
    return any(fnmatch(shard, pattern) for pattern in patterns.split())


@dataclass(frozen=True)
class Source:
    """A copy of what the jobs run, in which modules may be edited."""

    root: Path

    def digests(self, plan: Plan) -> dict[str, str]:
        """The fingerprint of every job of the plan as the copy is now, by product."""
        tree = SourceTree({"widthscope": self.root / "src/widthscope"}, self.root)
        found: dict[Any, str] = {}
        for job in plan.jobs.values():
            if (job.entries, job.files) not in found:
                found[job.entries, job.files] = fingerprint(job.entries, job.files, tree=tree).digest
        return {product: found[job.entries, job.files] for product, job in plan.jobs.items()}

    def stale(self, plan: Plan, before: Mapping[str, str]) -> set[str]:
        """The jobs whose source has changed, and all that is made from what they make, by name."""
        now = self.digests(plan)
        changed: set[str] = set()
        for product, job in plan.jobs.items():  # in the order of the data
            if now[product] != before[product] or changed & set(job.inputs):
                changed.add(product)
        return {name_of(plan.jobs[product]) for product in changed}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    root = tmp_path_factory.mktemp("mutations")
    for part in ("src", "scripts", "report"):
        shutil.copytree(ROOT / part, root / part, ignore=shutil.ignore_patterns("__pycache__"))
    return Source(root)


@pytest.mark.parametrize("slug", ["_template", *studies.names()])
def test_every_module_of_every_study_stands_in_its_table_once(slug: str) -> None:
    assert names_in(table_of(slug)) == modules_of(slug)


@pytest.mark.parametrize("slug", studies.names())
def test_an_edit_of_each_module_makes_stale_exactly_what_depends_on_it(source: Source, slug: str) -> None:
    table, plan = table_of(slug), plan_of(slug)
    before = source.digests(plan)
    wrong = {}
    for module in modules_of(slug):
        file = source.root / "src/widthscope/studies" / slug / module
        original = file.read_text()
        file.write_text(original + EDIT)
        found, want = source.stale(plan, before), expected(module, table, plan)
        file.write_text(original)
        if found != want:
            wrong[module] = {"missing": sorted(want - found), "needless": sorted(found - want)}
    assert not wrong


TRAINED = {"training-*", "locater-*"}
UNTRAINED = {"spectrum-*", "walks-*", "collapse", "loader"}
NETWORKS = {"digits*", "sudoku*"}
SHARED = [
    # study, module of the library; shards that sweep again, such as must not, and those whose spectra change
    ("qk_spectrum", "ensembles/training.py", TRAINED, UNTRAINED, {"*"}),
    ("qk_spectrum", "ensembles/optimisers.py", TRAINED, UNTRAINED, {"*"}),
    ("qk_spectrum", "spectra/head_spectra.py", set(), {"training-*"}, {"*"}),
    ("qk_spectrum", "spectra/query_key.py", set(), {"training-*"}, {"*"}),
    ("jacobian_dynamics", "attention/jacobians/linearised.py", {"chaos*"}, NETWORKS, NETWORKS),
    ("jacobian_dynamics", "spectra/lyapunov.py", {"chaos*"}, NETWORKS, NETWORKS),
    ("jacobian_dynamics", "spectra/arnoldi.py", set(), NETWORKS, {"sudoku*"}),
    ("jacobian_dynamics", "attention/pseudo_energy.py", set(), NETWORKS, {"sudoku*"}),
    ("jacobian_dynamics", "ensembles/training.py", NETWORKS, {"chaos*"}, NETWORKS),
]


@pytest.mark.parametrize(
    ("slug", "module", "again", "kept", "analysed"),
    SHARED,
    ids=[f"{slug}-{module}" for slug, module, *_ in SHARED],
)
def test_the_training_loop_trains_again_and_the_spectral_code_does_not(
    source: Source, slug: str, module: str, again: set[str], kept: set[str], analysed: set[str]
) -> None:
    plan = plan_of(slug)
    before = source.digests(plan)
    file = source.root / "src/widthscope" / module
    original = file.read_text()
    file.write_text(original + EDIT)
    stale = source.stale(plan, before)
    file.write_text(original)
    shards = plan.shards[slug]
    assert {f"sweep_widths:{name}" for name in shards if _matches(name, " ".join(again))} <= stale
    assert not {f"sweep_widths:{name}" for name in shards if _matches(name, " ".join(kept))} & stale
    spectra = {name for name in shards if shards[name].spectra and _matches(name, " ".join(analysed))}
    assert spectra
    assert {f"analyse_spectra:{name}" for name in spectra} <= stale


@pytest.mark.parametrize(
    "module",
    ["scores/plan.py", "measurements.py", "heads/claims.py", "series.py", "coupling.py", "tokens/relu.py"],
)
def test_a_dry_run_agrees(smoke: Checkout, tmp_path: Path, module: str) -> None:
    """One module of each kind, so that what is computed above is what Snakemake does."""
    copy, plan = smoke.copy(tmp_path / "widthscope"), plan_of("limit_law")
    copy.append(f"src/widthscope/studies/limit_law/{module}", EDIT)
    assert copy.scheduled() == expected(module, table_of("limit_law"), plan)
