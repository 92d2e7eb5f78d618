"""The rules' conda environments: in step with the lock, and enough for what the rules import."""

import re
import runpy
import sys
from typing import Any

import pytest
from tests.checkout import ROOT

from widthscope.config import load, parse
from widthscope.workflow.planning import Plan

LOCK: dict[str, Any] = runpy.run_path(str(ROOT / "envs/lock.py"))
BROUGHT_ALONG = {
    "PIL": "pillow",
    "arviz_stats": "arviz-stats",
    "markupsafe": "jinja2",
    "matplotlib": "seaborn",
    "pydantic_core": "pydantic",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
"""Import names that differ from their package's, or come with another package."""


def rules() -> dict[str, str]:
    """The conda environment of every rule that has one."""
    text = "".join(path.read_text() for path in (ROOT / "rules").glob("*.smk"))
    blocks = re.split(r"^rule ", text, flags=re.MULTILINE)[1:]
    named = {block.partition(":")[0]: re.search(r"envs/(\w+)\.yaml", block) for block in blocks}
    return {rule: found[1] for rule, found in named.items() if found}


@pytest.mark.parametrize("name", LOCK["ENVIRONMENTS"])
def test_versions_are_those_of_the_lock(name: str) -> None:
    locked = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split())
    assert (ROOT / f"envs/{name}.yaml").read_text() == LOCK["environment"](name, locked)


def test_every_rule_finds_what_its_source_imports() -> None:
    laptop = parse(ROOT / "config.yaml") | {"checkpoints": [{"name": "mine", "path": "mine.safetensors"}]}
    plan = Plan(load(laptop, "config.yaml"), root=ROOT)
    assert {job.rule for job in plan.jobs.values()} >= set(rules()) - {"prepare_dataset"}
    assert set(rules().values()) == set(LOCK["ENVIRONMENTS"])
    for job in plan.jobs.values():
        if job.rule not in rules():
            continue
        _, external = plan.tree.closure(job.entries)
        needed = {BROUGHT_ALONG.get(name, name) for name in external - sys.stdlib_module_names}
        if job.rule not in ("sweep_widths", "analyse_spectra", "analyse_checkpoint"):
            needed -= {"torch"}  # imported only where a job computes with it
        assert needed <= set(LOCK["ENVIRONMENTS"][rules()[job.rule]]), job.rule
