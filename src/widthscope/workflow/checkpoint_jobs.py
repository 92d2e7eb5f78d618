"""The jobs for models that a user brings: one that analyses a file, one that draws what came out.

Read at every parse of the Snakefile: nothing here may import torch, numpy or xarray.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from widthscope.checkpoints.file_stamp import stamp
from widthscope.checkpoints.settings import Checkpoint
from widthscope.errors import ConfigError
from widthscope.source_tree import SourceTree
from widthscope.studies.base import Cost
from widthscope.workflow.jobs import Job, figure_files, store_files

BYTES_PER_SECOND = 2e7
"""Of the file; it is mostly not read, and its queries and keys are decomposed in float64."""


def checkpoint_jobs(checkpoints: Sequence[Checkpoint], results: str, tree: SourceTree) -> Iterator[Job]:
    """The two jobs of every checkpoint; their products lie in ``<results>/checkpoints``."""
    for checkpoint in checkpoints:
        stem = f"{results}/checkpoints/{checkpoint.name}"
        wildcards = {"checkpoint": checkpoint.name}
        stored, drawn = store_files(stem), figure_files(f"{stem}.figures")
        read = stamp(Path(checkpoint.path))
        yield Job(
            rule="analyse_checkpoint",
            wildcards=wildcards,
            product=stored["digest"],
            outputs=stored,
            inputs=(),
            settings={
                "checkpoint": checkpoint.model_dump(mode="json"),
                "stamp": [list(facts) for facts in read],
            },
            entries=("scripts/analyse_checkpoint.py",),
            cost=_cost(sum(size for _, size, _ in read)),
            tree=tree,
        )
        yield Job(
            rule="draw_checkpoint",
            wildcards=wildcards,
            product=drawn["index"],
            outputs=drawn,
            inputs=(stored["digest"],),
            settings={},
            entries=("scripts/draw_checkpoint.py",),
            tree=tree,
        )


def check_paths(checkpoints: Sequence[Checkpoint], source: str) -> None:
    """Refuse a model that is not there, before any job starts.

    Raises:
        ConfigError: naming the first such path, and the setting that it comes from.
    """
    for place, checkpoint in enumerate(checkpoints):
        setting = f"in {source}, checkpoints[{place}].path is '{checkpoint.path}'"
        try:
            there = Path(checkpoint.path).expanduser().exists()
        except (OSError, RuntimeError) as error:  # of a folder that may not be entered, of ~nobody
            said = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
            raise ConfigError(f"{setting}, which cannot be looked up: {said}") from None
        if not there:
            raise ConfigError(
                f"{setting}, and there is no such file or folder; a relative path starts in {Path.cwd()}"
            )


def _cost(size: int) -> Cost:
    """Expected time and memory for files of this many bytes; queries and keys of one layer are held."""
    return Cost(seconds=30 + size / BYTES_PER_SECOND, memory_mb=round(1500 + size / 8e6))
