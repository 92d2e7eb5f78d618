"""The command `widthscope spectra`: the table of one checkpoint, at once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from widthscope.cli_outputs import option, write_figures, write_table

if TYPE_CHECKING:
    import xarray as xr

    from widthscope.checkpoints.settings import Checkpoint
    from widthscope.plotting import Drawing

MOST_WORKERS = 8
"""Layers at the same time; each takes about 100 MB at a width of 4096."""


Heads = Annotated[int | None, option("N", "Query heads of a layer.")]
KeyHeads = Annotated[int | None, option("N", "Key heads, if shared.")]
Query = Annotated[str | None, option("PATTERN", "Name of the query (or fused) weights, with {layer}.")]
Key = Annotated[str | None, option("PATTERN", "Name of the key weights, with {layer}.")]
Norm = Annotated[str | None, option("PATTERN", "Name of the norm's gain, with {layer}.")]
Scale = Annotated[float | None, option("X", "Factor of the scores.")]
Part = Annotated[str | None, option("PREFIX", "Of the tensors, if a file has several models.")]
Csv = Annotated[Path | None, option("FILE", "Write every head, every column.")]
Figures = Annotated[Path | None, option("FOLDER", "Write the figures as SVG.")]


def spectra(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="Weights file, index of a sharded one, or their folder.")
    ],
    layout: Annotated[
        str,
        typer.Option(metavar="NAME", help="How queries and keys are stored; auto tells where it is certain."),
    ] = "auto",
    heads: Heads = None,
    key_heads: KeyHeads = None,
    query: Query = None,
    key: Key = None,
    norm: Norm = None,
    transposed: Annotated[
        bool, typer.Option("--transposed", help="The patterns' weights are stored as (input, output).")
    ] = False,
    scale: Scale = None,
    part: Part = None,
    every_head: Annotated[bool, typer.Option("--all", help="A row for each head, not each layer.")] = False,
    csv: Csv = None,
    figures: Figures = None,
) -> None:
    """Look at the query-key spectra of a checkpoint.

    Prints its table by layer or by head, and the ten heads most worth a look. Reads only query and key
    weights, one layer at a time; builds no model and executes nothing from the file. What the columns mean:
    docs/checkpoints.md.

    \b
    Examples:
      widthscope spectra model.safetensors
      widthscope spectra path/to/llama --all --csv llama.csv --figures llama-figures
      widthscope spectra model.pt --heads 12 --query "net.{layer}.q.weight" --key "net.{layer}.k.weight"
      widthscope spectra model.pt --heads 12 --query "net.{layer}.qkv_w" --layout stacked

    Exit status: 0 it is printed, 2 the checkpoint cannot be read, or an argument is wrong.
    """
    from widthscope.checkpoints import listing
    from widthscope.checkpoints.analysis import analyse
    from widthscope.checkpoints.opening import open_checkpoint
    from widthscope.progress import progress

    asked = _settings(
        path=str(path),
        layout=layout,
        heads=heads,
        key_heads=key_heads,
        query=query,
        key=key,
        norm=norm,
        transposed=transposed,
        scale=scale,
        part=part,
    )
    checkpoint = open_checkpoint(**asked.model_dump(exclude={"name"}))
    table = analyse(checkpoint, progress, workers=min(MOST_WORKERS, _cores()))
    typer.echo(listing.overview(table, every_head))
    write_table(csv, lambda: listing.csv_text(table))
    write_figures(figures, lambda: _drawn(table))


def _drawn(table: "xr.Dataset") -> "dict[str, Drawing]":
    from widthscope.checkpoints.figures import draw  # only here: it takes a second to load

    return draw(table)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _settings(**given: Any) -> "Checkpoint":
    """The options as settings of a checkpoint, checked like those of the configuration."""
    from pydantic import ValidationError

    from widthscope.checkpoints.settings import Checkpoint
    from widthscope.config_errors import problems_in, refuse

    try:
        return Checkpoint(name="checkpoint", **given)
    except ValidationError as error:
        refuse(problems_in(error, Checkpoint), "the options")
        raise
