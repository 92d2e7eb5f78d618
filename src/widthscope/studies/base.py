"""What a study tells the workflow about itself: its shards, their cost, and a few lines about the paper.

Imported at every parse of the Snakefile, so nothing here may import torch, xarray or pandas.
"""

from dataclasses import dataclass, field
from typing import Any

SHARD_SECONDS = 600.0
"""A shard that would cost more than this is split by width, so that a cluster can share the work out."""


GPU_SPEEDUP = 100.0
"""About how many times faster a GPU trains a network of the papers' sizes than one core.

An estimate from what both can multiply in a second, not measured.
"""


@dataclass(frozen=True)
class Cost:
    """What a job is expected to take, on one core of a laptop.

    Attributes:
        seconds: wall time.
        memory_mb: peak resident memory in MB.
    """

    seconds: float
    memory_mb: int


@dataclass(frozen=True)
class Shard:
    """A unit of work for one job of the width sweep.

    Attributes:
        name: stable and safe in a path; it never changes when other shards come or go.
        entry: module inside the study whose `run(settings, datasets, work)` does the work, e.g.
            ``experiments.rate``.
        settings: every value that the job reads, and nothing else.
        cost: expected time and memory.
        datasets: names of the prepared datasets that the job reads.
        spectra: module inside the study whose `analyse(swept, settings, work)` turns what the shard stored,
            read lazily, into spectra, in a job of its own; empty if nothing does.
        spectra_settings: every value that the analysis reads.
        spectra_cost: expected time and memory of the analysis.
        spectra_device: whether the analysis computes on the device of the run; else on a CPU always.
        gpu_speedup: how many times less wall time a GPU is expected to take than one core, for what computes
            on the device; an estimate, which decides what a cluster is asked for, and no result.
        dataset_settings: settings of datasets that the job relies on, by their path below ``datasets``; the
            study has a setting of the same path.
        dataset_bounds: least and greatest value that such a setting may have, where the study has none.
    """

    name: str
    entry: str
    settings: dict[str, Any]
    cost: Cost
    datasets: tuple[str, ...] = ()
    spectra: str = ""
    spectra_settings: dict[str, Any] = field(default_factory=dict)
    spectra_cost: Cost = Cost(seconds=60, memory_mb=1500)
    spectra_device: bool = False
    gpu_speedup: float = 1.0
    dataset_settings: dict[str, Any] = field(default_factory=dict)
    dataset_bounds: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class About:
    """The paper behind a study, for a reader with five minutes.

    Attributes:
        title, authors, arxiv, year: bibliographic facts.
        says: what the paper says, in five plain sentences.
        model: the model in short paragraphs; formulas as ``$...$`` or ``$$...$$``.
    """

    title: str
    authors: str
    arxiv: str
    year: int
    says: tuple[str, ...]
    model: tuple[str, ...]
