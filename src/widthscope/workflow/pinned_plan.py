"""The plan that the first parse of the Snakefile made, kept for the jobs that parse it again.

A job on a cluster node would otherwise plan anew, from a configuration and source that may have been edited
while it waited in the queue: it would make something else under the planned name, and nobody would notice.
"""

import os
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from widthscope.config import resolved
from widthscope.errors import StoreError
from widthscope.files import cannot_write, json_text, prepare_text, read_json
from widthscope.source_cache import CACHE_FOLDER
from widthscope.workflow.planning import Plan

VARIABLE = "WIDTHSCOPE_PLAN"
"""Names the file in the environment, which cluster executors export to their jobs."""


@dataclass(frozen=True)
class PinnedJob:
    """What was planned for one job: the values that it reads and the digest of the source that it runs."""

    settings: dict[str, Any]
    source: str


@dataclass(frozen=True)
class PinnedPlan:
    """What was planned for a run.

    Attributes:
        config: the resolved configuration, defaults included.
        config_file: name of the file that it came from.
        jobs: the jobs by product.
    """

    config: dict[str, Any]
    config_file: str
    jobs: dict[str, PinnedJob]


def pin(plan: Plan) -> None:
    """Keep the plan for every process that this one starts, under a name made from its content.

    Raises:
        StoreError: if the file cannot be written.
    """
    jobs = {product: PinnedJob(job.settings, job.source.digest) for product, job in plan.jobs.items()}
    text = json_text(asdict(PinnedPlan(resolved(plan.config), plan.config_file, jobs)))
    name = sha256(text.encode()).hexdigest()[:16]
    path = Path(CACHE_FOLDER, "plans", f"{name}.json").absolute()
    if not path.exists():
        try:
            # Not `atomic_write_text`: it clears away what a concurrent parse with the same plan is writing.
            prepare_text(path, text).replace(path)
        except OSError as error:
            raise cannot_write(path, error) from error
    os.environ[VARIABLE] = str(path)


def pinned() -> PinnedPlan | None:
    """The plan that this process belongs to; None in the process that plans.

    Raises:
        StoreError: if the file is gone or damaged.
    """
    path = os.environ.get(VARIABLE)
    if not path:
        return None
    try:
        kept = read_json(path)
        jobs = {product: PinnedJob(**job) for product, job in kept["jobs"].items()}
        return PinnedPlan(kept["config"], kept["config_file"], jobs)
    except (StoreError, KeyError, TypeError, AttributeError):
        raise StoreError(
            f"the plan that this job belongs to, {path}, is gone or damaged; run snakemake again"
        ) from None
