"""What commands that look at one thing write besides what they print: a table and figures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from widthscope.plotting import Drawing


def option(metavar: str, about: str) -> Any:
    """An option without a default that help would show."""
    return typer.Option(metavar=metavar, help=about, show_default=False)


def write_table(file: Path | None, text: Callable[[], str]) -> None:
    """Write a table's text to the file, where one is asked for."""
    from widthscope.files import atomic_write_text

    if file is not None:
        atomic_write_text(file, text())
        typer.echo(f"\nwrote {file}", err=True)


def write_figures(folder: Path | None, draw: Callable[[], "dict[str, Drawing]"]) -> None:
    """Write the drawings as SVG to the folder, where one is asked for."""
    if folder is not None:
        from widthscope.plotting import save_all  # only here: it takes a second to load

        drawings = draw()
        save_all(drawings, folder, folder / "figures.json")
        typer.echo(f"\nwrote {len(drawings)} figures to {folder}", err=True)
