"""The table of a checkpoint as text: for the terminal, and as comma-separated values.

Names of layers and the sentences about what is left out come from files that nobody has checked: whatever a
terminal would obey is replaced before it is shown.
"""

import csv
import io
import textwrap
from collections.abc import Sequence

import numpy as np
import xarray as xr

from widthscope.checkpoints.notable import LEVEL, LIMIT, RULE, notable
from widthscope.checkpoints.table import COLUMNS, columns_of, facts
from widthscope.printable import printable

WIDEST_NAME = 28
LINE = 100


def overview(table: xr.Dataset, every_head: bool = False) -> str:
    """What `widthscope spectra` prints: facts, the table by layer or by head, and the heads worth a look.

    Args:
        table: what `widthscope.checkpoints.analysis.analyse` returns.
        every_head: one row for each head, instead of one for each layer.
    """
    parts = [
        "\n".join(f"{name:<11} {printable(value)}" for name, value in facts(table)),
        _lined(head_rows(table) if every_head else layer_rows(table)),
        notable_lines(table),
    ]
    left_out = [printable(sentence) for sentence in table.attrs["left_out"]]
    if left_out:
        parts.append(
            "\n".join(["What this view of the weights leaves out:", *(f"  - {s}" for s in left_out)])
        )
    return "\n\n".join(parts)


def notable_lines(table: xr.Dataset) -> str:
    """The heads worth a look with their sentences; says so, and the rule, if none passes a threshold."""
    found = notable(table)
    if not found:
        none = f"No head passes a threshold of the rule that picks the {LIMIT} most worth a look:"
        rule = textwrap.fill(RULE, LINE, initial_indent="  ", subsequent_indent="  ")
        return f"{none}\n{rule}"
    every = len(found) == LIMIT
    count = f"The {len(found)} heads {'most ' if every else ''}worth a look"
    if not every:
        count += " (no other passes a threshold)"
    lines = [
        textwrap.fill(
            f"{shortened(head.layer)} head {head.head}: {head.why}.",
            LINE,
            initial_indent="  ",
            subsequent_indent="      ",
        )
        for head in found
    ]
    return "\n".join([f"{count}:", *lines])


def head_rows(table: xr.Dataset) -> list[list[str]]:
    """Header, then a row for each head."""
    columns = columns_of(table)
    rows = [["layer", "head", *(column.short for column in columns)]]
    for i, layer in enumerate(table["layer"].values):
        for j, head in enumerate(table["head"].values):
            values = [float(table[column.name].values[i, j]) for column in columns]
            if not np.isnan(values).all():  # a layer with fewer heads than another
                shown = [
                    _number(value, column.is_p_value) for value, column in zip(values, columns, strict=True)
                ]
                rows.append([shortened(str(layer)), str(int(head)), *shown])
    return rows


def layer_rows(table: xr.Dataset) -> list[list[str]]:
    """Header, then a row for each layer: how many heads count, and middles or extremes over its heads."""
    header, columns = ["layer", "heads"], []
    if "p_adjusted" in table:
        significant = table["p_adjusted"].values <= LEVEL
        header.append(f"p adj<={LEVEL:g}")
        columns.append([str(int(row.sum())) for row in significant])
    for name, short, middle in _OF_LAYER:
        if name in table:
            header.append(short)
            columns.append([_number(_summary(row, middle)) for row in table[name].values])
    present = np.isfinite(table["frobenius"].values).sum(1)
    names = [shortened(str(layer)) for layer in table["layer"].values]
    return [
        header,
        *([name, str(count), *cells] for name, count, *cells in zip(names, present, *columns, strict=True)),
    ]


def csv_text(table: xr.Dataset) -> str:
    """Every head with every column, all digits, and a first line with the columns' names."""
    names = [column.name for column in COLUMNS if column.name in table]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(["layer", "head", *names])
    for i, layer in enumerate(table["layer"].values):
        for j, head in enumerate(table["head"].values):
            values = [float(table[name].values[i, j]) for name in names]
            if not np.isnan(values).all():
                shown = ["" if np.isnan(value) else repr(value) for value in values]
                writer.writerow([printable(str(layer)), int(head), *shown])
    return written.getvalue()


def shortened(name: str) -> str:
    """A printable name that fits its column: the end, which tells layers apart, is kept."""
    shown = printable(name)
    return shown if len(shown) <= WIDEST_NAME else "…" + shown[-(WIDEST_NAME - 1) :]


_OF_LAYER = (
    ("trace_score", "median z", "median"),
    ("trace_score", "lowest z", "min"),
    ("trace_score", "highest z", "max"),
    ("trace_score_folded", "median z fold", "median"),
    ("concentration", "highest kappa", "max"),
    ("entropy_forecast", "lowest entropy", "min"),
    ("ks", "median KS", "median"),
    ("positive_mass", "median positive", "median"),
)


def _summary(row: np.ndarray, kind: str) -> float:
    known = row[np.isfinite(row)]
    if known.size == 0:
        return float("nan")
    match kind:
        case "min":
            return float(known.min())
        case "max":
            return float(known.max())
        case _:
            return float(np.median(known))


def _number(value: float, is_p_value: bool = False) -> str:
    if is_p_value and value == 0:
        return "<1e-300"
    return "-" if np.isnan(value) else f"{value:.3g}"


def _lined(rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width: names to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
