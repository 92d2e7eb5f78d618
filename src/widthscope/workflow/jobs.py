"""One job of the workflow: what it makes, from what, and everything that decides the result."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from widthscope.fingerprint import Fingerprint, fingerprint
from widthscope.source_tree import SourceTree
from widthscope.studies.base import Cost

STORE_FILES = {"store": "zarr", "digest": "digest.json", "provenance": "provenance.json"}
SMALL = Cost(seconds=10, memory_mb=1000)


@dataclass(frozen=True)
class Job:
    """One job: what it makes, from what, and everything that decides the result.

    Attributes:
        rule, wildcards: the Snakemake rule and its wildcards.
        product: the small file that stands for the result (a digest, a list of claims, an index).
        outputs: every output by its name in the rule, the product and the provenance included.
        inputs: the products that the job reads.
        settings: the values that the job reads.
        entries: scripts and modules where its source starts; files: other files that decide the result.
        cost: expected time and memory of one attempt.
        datasets: names of the datasets that the job reads.
        tree: the source as it was when the plan was made.
    """

    rule: str
    wildcards: dict[str, str]
    product: str
    outputs: dict[str, str]
    inputs: tuple[str, ...]
    settings: dict[str, Any]
    entries: tuple[str, ...]
    files: tuple[str, ...] = ()
    cost: Cost = SMALL
    datasets: tuple[str, ...] = ()
    tree: SourceTree = field(default_factory=SourceTree, compare=False, repr=False)

    @property
    def provenance(self) -> str:
        """Path of the provenance file."""
        return self.outputs["provenance"]

    @cached_property
    def source(self) -> Fingerprint:
        """Fingerprint of the source that the job runs."""
        return fingerprint(self.entries, self.files, tree=self.tree)


def store_files(stem: str) -> dict[str, str]:
    """The outputs of a job that makes a store, by name: ``<stem>.zarr`` and what lies beside it."""
    return {kind: f"{stem}.{end}" for kind, end in STORE_FILES.items()}


def figure_files(folder: str) -> dict[str, str]:
    """The outputs of a job that draws figures into a folder, by name."""
    return {"figures": folder, "index": f"{folder}.json", "provenance": f"{folder}.provenance.json"}
