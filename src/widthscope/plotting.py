"""House style of the figures: one theme, one palette, one way to save.

A figure is saved as an SVG that stands alone on white. Its colours are those of `PALETTE`, each used for one
purpose only, so that the report can swap them for CSS variables and let a figure follow the light or dark
theme (`widthscope.report.figures`). Text is stored as outlines: it looks the same with any fonts installed,
and the meaning travels in the alternative text.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import seaborn
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from widthscope.files import atomic_write_json, atomic_write_text, cannot_write
from widthscope.palette import MARKERS, PALETTE, SERIES, SHADES

__all__ = [
    "MARKERS",
    "PALETTE",
    "SERIES",
    "SHADES",
    "Drawing",
    "new",
    "save",
    "save_all",
    "shades",
    "svg",
    "use_theme",
    "width_axis",
]

_THEME = {
    "figure.facecolor": PALETTE["paper"],
    "axes.facecolor": PALETTE["paper"],
    "savefig.facecolor": PALETTE["paper"],
    "text.color": PALETTE["ink"],
    "axes.labelcolor": PALETTE["ink"],
    "axes.titlecolor": PALETTE["ink"],
    "axes.edgecolor": PALETTE["muted"],
    "xtick.color": PALETTE["muted"],
    "ytick.color": PALETTE["muted"],
    "xtick.labelcolor": PALETTE["ink"],
    "ytick.labelcolor": PALETTE["ink"],
    "grid.color": PALETTE["grid"],
    "grid.linewidth": 0.7,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.bottom": True,
    "ytick.left": True,
    "xtick.major.size": 3.5,
    "ytick.major.size": 3.5,
    "xtick.major.width": 0.8,
    "ytick.major.width": 0.8,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "legend.fontsize": 8.5,
    "legend.title_fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 5,
    "lines.markeredgewidth": 0,
    "errorbar.capsize": 0,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9,
    "mathtext.fontset": "dejavusans",
    "svg.fonttype": "path",
    "svg.hashsalt": "widthscope",
    "path.simplify": True,
}


@dataclass(frozen=True)
class Drawing:
    """A figure ready for the report.

    Attributes:
        figure: the drawing itself, made by `new`.
        caption: what is shown and what to see in it, in one to three plain sentences; formulas as ``$...$``.
        alt: the same for a reader who cannot see it: axes, series, and the message.
    """

    figure: Figure
    caption: str
    alt: str


def use_theme() -> None:
    """Set the house style for everything drawn from now on in this process."""
    seaborn.set_theme(context="paper", style="ticks", palette=[PALETTE[name] for name in SERIES], rc=_THEME)


def new(
    rows: int = 1,
    cols: int = 1,
    width: float = 6.4,
    height: float = 3.6,
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> tuple[Figure, *tuple[Axes, ...]]:
    """An empty figure in the house style, and its axes one after the other, row by row.

    ``figure, axes = new()`` and ``figure, left, right = new(cols=2)``. The figure belongs to nobody but the
    caller: it is not registered with pyplot, so nothing has to be closed.

    Args:
        rows, cols: grid of axes.
        width, height: size in inches; the report shows 6.4 inches at the width of its text column.
        sharex, sharey: share the axis among all axes.
    """
    use_theme()
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(rows, cols, squeeze=False, sharex=sharex, sharey=sharey)
    return (figure, *axes.flat)


def shades(count: int) -> list[str]:
    """`count` colours from faint to strong, for an ordered family of curves (1 <= count <= 7)."""
    if not 1 <= count <= len(SHADES):
        raise ValueError(f"an ordered family has 1 to {len(SHADES)} shades, not {count}")
    last = len(SHADES) - 1
    picked = [last] if count == 1 else [round(k * last / (count - 1)) for k in range(count)]
    return [PALETTE[SHADES[k]] for k in picked]


def width_axis(axes: Axes, widths: Sequence[int], label: str = "width $n$") -> None:
    """Make x logarithmic with a tick at each width, and name it."""
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator([float(width) for width in widths]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    axes.set_xlabel(label)


def save(figure: Figure, path: Path) -> str:
    """Write the figure as SVG, the same bytes for the same drawing, and return the sha256 of the file."""
    text = svg(figure)
    atomic_write_text(path, text)
    return hashlib.sha256(text.encode()).hexdigest()


def save_all(drawings: Mapping[str, Drawing], folder: Path | str, index: Path | str) -> None:
    """Write every drawing as ``<folder>/<name>.svg``, then the index that lists them in the order given.

    The index is a list of ``{"name", "caption", "alt", "sha256"}``.

    Raises:
        ValueError: if a name is not safe in a path, or a drawing lacks its caption or alternative text.
        StoreError: if a file cannot be written.
    """
    for name, drawing in drawings.items():
        if not _NAME.fullmatch(name):
            raise ValueError(f"figure name '{name}' may hold only letters, digits, '-' and '_'")
        if not drawing.caption.strip() or not drawing.alt.strip():
            raise ValueError(f"figure '{name}' needs a caption and an alternative text")
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)  # also where there is nothing to draw
    except OSError as error:
        raise cannot_write(Path(folder), error) from error
    listed = [
        {
            "name": name,
            "caption": drawing.caption,
            "alt": drawing.alt,
            "sha256": save(drawing.figure, Path(folder) / f"{name}.svg"),
        }
        for name, drawing in drawings.items()
    ]
    atomic_write_json(index, listed)


def svg(figure: Figure) -> str:
    """The figure as SVG text without date, creator, or comments."""
    use_theme()
    buffer = StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return _tidy(buffer.getvalue())


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NUMBER = re.compile(r"-?\d+\.\d{3,}")
_COORDINATES = re.compile(r'(?<= )(d|x|y|width|height)="([^"]*)"')


def _tidy(text: str) -> str:
    """Drop what carries nothing and round coordinates; transforms keep all digits, as they scale glyphs."""
    text = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", text, flags=re.DOTALL)

    def rounded(match: re.Match[str]) -> str:
        digits = _NUMBER.sub(lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), match[2])
        return f'{match[1]}="{" ".join(digits.split())}"'

    text = _COORDINATES.sub(rounded, text)
    return re.sub(r">\s+<", ">\n<", text).strip() + "\n"
