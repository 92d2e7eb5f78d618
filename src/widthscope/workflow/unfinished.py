"""Where a job keeps what it has done so far, for the job that comes after it if it is killed.

The folder lies beside the job's store and is none of its outputs: Snakemake removes the outputs of a failed
or killed job, and must not remove this. The experiment makes it when it has something to keep; the frame of
the job removes it, once the store is whole. What it holds is the experiment's own business, under one
condition: state that was kept under another identity is never taken up again.
"""

import contextlib
import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from widthscope.files import json_text, partial_sibling, partial_siblings

SUFFIX = ".unfinished"


def folder(store: Path) -> Path:
    """The folder that belongs to a store: ``sweep/walk-w32.unfinished`` to ``sweep/walk-w32.zarr``."""
    return store.with_suffix(SUFFIX)


def identity(source: str, settings: Mapping[str, Any], inputs: Mapping[str, str], device: str) -> str:
    """Digest of all that decides a job's result.

    Args:
        source: digest of the source that the job runs.
        settings: the values that it reads.
        inputs: digest of each of its inputs.
        device: where it computes.
    """
    decides = {"source": source, "settings": settings, "inputs": inputs, "device": device}
    return hashlib.sha256(json_text(decides).encode()).hexdigest()


def discard(kept: Path | None) -> None:
    """Remove the folder, if there is one: renamed first, so that no half of it can be taken up.

    A folder that cannot be removed does not make the finished job fail; it holds what the job would do again.
    """
    if kept is None:
        return
    with contextlib.suppress(OSError):
        if kept.exists():
            kept.rename(partial_sibling(kept))
        for leftover in partial_siblings(kept):
            shutil.rmtree(leftover, ignore_errors=True)
