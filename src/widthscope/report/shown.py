"""A stored figure as the page shows it: inlined with ids of its own."""

import re
from dataclasses import dataclass

from markupsafe import Markup

from widthscope.report import figures
from widthscope.report.formulas import rich
from widthscope.report.results import StoredFigure


@dataclass(frozen=True)
class Shown:
    """A figure in the page.

    Attributes:
        name, caption: of the figure.
        anchor: its id in the page.
        drawing: None where its file is missing or is not an SVG document.
        first: the claim with which it is shown, others link to it; None where no claim refers to it.
    """

    name: str
    anchor: str
    caption: Markup
    drawing: Markup | None
    first: str | None = None


def shown(owner: str, stored: StoredFigure, first: str | None = None) -> Shown:
    """A figure of a study or a checkpoint.

    Args:
        owner: whose it is, such as a study's slug; part of the anchor.
        stored: as it was read from the run.
        first: see `Shown`.
    """
    anchor = f"figure-{owner}-{re.sub(r'[^A-Za-z0-9_-]', '-', stored.name)}"
    try:
        drawing = figures.inline(stored.svg or "", f"{anchor}-", stored.name, stored.alt)
    except ValueError:
        drawing = None
    return Shown(stored.name, anchor, rich(stored.caption), drawing, first)
