"""A checkpoint's part of the page: its facts, the heads worth a look, its figures, the table of heads.

Names of layers and tensors come from files that nobody has checked; they leave here as plain text, for the
templates to escape.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from widthscope.checkpoints.table import Column, columns_of, facts
from widthscope.errors import StoreError
from widthscope.report import numbers
from widthscope.report.formulas import rich
from widthscope.report.results import Planned, StoredFigure, listed, read_records, stored_figure
from widthscope.report.shown import Shown, shown

if TYPE_CHECKING:
    import xarray as xr

HEADS_UP_TO = 2048
"""With more heads than this the page has a row for each layer, and the CSV has the heads."""


@dataclass(frozen=True)
class Cell:
    """One number of the table: as shown, and as its column is sorted by (empty where there is none)."""

    text: str
    value: str


@dataclass(frozen=True)
class Row:
    """One head, or one layer, of which `head` is None."""

    layer: str
    head: int | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class CheckpointPart:
    """What the page shows of one checkpoint.

    Attributes:
        name: as in the configuration.
        failure: why there is nothing to show, in one sentence; empty where there is.
        facts: name and words.
        left_out: what the weights alone do not say, in sentences.
        summary: how many heads count, in a sentence; empty where there is no null.
        picked: place and sentence of the heads worth a look.
        rule: how they were picked.
        columns: of the table, with what they mean.
        rows: of the table.
        by_layer: whether the rows are layers.
        figures: in the order drawn.
        problems: what is missing beside.
    """

    name: str
    failure: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    summary: str = ""
    picked: tuple[tuple[str, str], ...] = ()
    rule: str = ""
    columns: tuple[tuple[Markup, Markup], ...] = ()
    rows: tuple[Row, ...] = ()
    by_layer: bool = False
    figures: tuple[Shown, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """Its id in the page, which no study can have."""
        return f"checkpoint-{self.name}"


def read_checkpoint(results: Path, name: str, planned: Planned = None) -> CheckpointPart:
    """Everything that the report shows of one checkpoint; what cannot be read becomes its `failure`."""
    from widthscope import store

    folder = results / "checkpoints"
    try:
        table = store.read(folder / f"{name}.zarr", folder / f"{name}.digest.json").to_dataset()
    except StoreError as error:
        return CheckpointPart(name, failure=f"It was not analysed: {error}.")
    if "failure" in table.attrs:
        known = tuple((label, str(table.attrs[label])) for label in ("file",) if label in table.attrs)
        return CheckpointPart(name, failure=_sentence(str(table.attrs["failure"])), facts=known)
    problems: list[str] = []
    index = listed(folder / f"{name}.figures.json", "The figures were not drawn", problems)
    drawn = [stored_figure(folder / f"{name}.figures", entry) for entry in index if "name" in entry]
    records = read_records(folder.glob(f"{name}.provenance.json"), planned)
    return part_of(name, table, drawn, records, tuple(problems))


def part_of(
    name: str,
    table: "xr.Dataset",
    drawn: Sequence[StoredFigure] = (),
    records: Sequence[dict[str, Any]] = (),
    problems: tuple[str, ...] = (),
) -> CheckpointPart:
    """The part of a checkpoint that was analysed.

    Args:
        name: as in the configuration.
        table: what `widthscope.checkpoints.analysis.analyse` returned.
        drawn: its figures.
        records: provenance of its analysis.
        problems: what is missing.
    """
    from widthscope.checkpoints.notable import RULE, notable

    columns = columns_of(table, listed=False)
    by_layer = table.sizes["layer"] * table.sizes["head"] > HEADS_UP_TO
    columns, rows = _rows_by_layer(table, columns) if by_layer else (columns, _rows(table, columns))
    cost = [
        (
            "analysed",
            f"{numbers.duration(record['seconds'])}, {numbers.memory(record.get('peak_mb'))} of memory",
        )
        for record in records
        if record.get("seconds") is not None
    ]
    return CheckpointPart(
        name=name,
        facts=(*facts(table), *cost),
        left_out=tuple(str(sentence) for sentence in table.attrs["left_out"]),
        summary=_summary(table),
        picked=tuple((f"{head.layer} head {head.head}", head.why) for head in notable(table)),
        rule=RULE,
        columns=tuple((rich(column.label), rich(f"{column.says}.")) for column in columns),
        rows=rows,
        by_layer=by_layer,
        figures=tuple(shown(f"checkpoint-{name}", stored) for stored in drawn),
        problems=problems,
    )


def _rows(table: "xr.Dataset", columns: Sequence[Column]) -> tuple[Row, ...]:
    values = [table[column.name].values.tolist() for column in columns]
    present = table["frobenius"].notnull().values
    return tuple(
        Row(
            str(layer),
            int(head),
            tuple(_cell(of_column[i][j], column) for of_column, column in zip(values, columns, strict=True)),
        )
        for i, layer in enumerate(table["layer"].values.tolist())
        for j, head in enumerate(table["head"].values.tolist())
        if present[i, j]
    )


def _rows_by_layer(table: "xr.Dataset", columns: Sequence[Column]) -> tuple[list[Column], tuple[Row, ...]]:
    """The median over the heads of each layer; a median p-value would say nothing, so those are left out."""
    kept = [column for column in columns if not column.is_p_value]
    medians = [table[column.name].median("head").values.tolist() for column in kept]
    return kept, tuple(
        Row(
            str(layer),
            None,
            tuple(_cell(of_column[i], column) for of_column, column in zip(medians, kept, strict=True)),
        )
        for i, layer in enumerate(table["layer"].values.tolist())
    )


def _cell(value: float, column: Column) -> Cell:
    text = numbers.number(float(value), 3)
    if column.is_p_value and value == 0:
        return Cell("< 10⁻³⁰⁰", "0")
    return Cell(text, "" if text == numbers.MISSING else f"{value:.4g}")


def _summary(table: "xr.Dataset") -> str:
    """How many heads have a trace, and a spectrum, beyond chance."""
    from widthscope.checkpoints.notable import LEVEL

    total = int(table["frobenius"].notnull().sum())
    said = []
    for name, what in (
        ("p_adjusted", "have a trace beyond chance"),
        ("ks_p_adjusted", "depart from the law at initialisation"),
    ):
        if name in table:
            said.append(f"{int((table[name] <= LEVEL).sum())} of {total} heads {what}")
    return f"{' and '.join(said)} (adjusted p at most {LEVEL:g})." if said else ""


def _sentence(text: str) -> str:
    """With one full stop; its beginning stays, since it is most often a path."""
    return f"{text.rstrip('. ')}."
