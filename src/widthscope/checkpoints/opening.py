"""Open a checkpoint: find its attention layers by config, names and shapes, without reading a weight."""

from pathlib import Path

from widthscope.checkpoints.checkpoint import Checkpoint


def open_checkpoint(
    path: str | Path,
    layout: str = "auto",
    heads: int | None = None,
    key_heads: int | None = None,
    query: str | None = None,
    key: str | None = None,
    norm: str | None = None,
    transposed: bool = False,
    scale: float | None = None,
    part: str | None = None,
) -> Checkpoint:
    """Find the attention layers of a checkpoint; the arguments are those of `settings.Checkpoint`.

    Raises:
        CheckpointError: one sentence on what keeps it from being read.
    """
    raise NotImplementedError
