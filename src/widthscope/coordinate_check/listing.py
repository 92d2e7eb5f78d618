"""What `widthscope mup` prints, and every number as comma-separated values."""

import csv
import io
import math
import textwrap
from collections.abc import Iterator, Sequence

from widthscope.coordinate_check.findings import findings, named, summary
from widthscope.coordinate_check.recording import STATISTICS
from widthscope.coordinate_check.report import Report
from widthscope.coordinate_check.shapes import Parameter
from widthscope.coordinate_check.suggestions import Suggestion
from widthscope.coordinate_check.verdicts import LEVEL, MARGIN, Check, LayerVerdict, Slope, module_of
from widthscope.printable import printable

LINE = 110
COLUMNS = ("model", "layer", "kind", "width", "seed", "step", *STATISTICS, "loss")
"""Of the comma-separated values."""
TITLES = {"given": "as the factory makes it", "mended": "mended"}


def overview(report: Report) -> str:
    """Facts, layers, parameters, and what is worth saying; the verdict comes last.

    Args:
        report: what `report.report` returned.
    """
    parts = [_facts(report), _layers(report, "given"), _parameters(report.suggestions)]
    if "mended" in report.checks:
        parts.append(_layers(report, "mended"))
    said = findings(report)
    if said:
        parts.append("\n".join(_filled(sentence) for sentence in said))
    parts.append("\n".join(f"{name:<7} {summary(check)}" for name, check in report.checks.items()))
    return "\n\n".join(parts)


def csv_text(report: Report) -> str:
    """Every statistic of every member, step and layer, a row each, with all digits."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in _rows(report):
        writer.writerow(["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row])
    return written.getvalue()


def _rows(report: Report) -> Iterator[list[object]]:
    for model, table in report.tables.items():
        values = [table[name].values for name in STATISTICS]
        losses = table["loss"].values
        names = [str(layer) for layer in table["layer"].values]
        for w, width in enumerate(table["width"].values):
            for s, seed in enumerate(table["seed"].values):
                for t, step in enumerate(table["step"].values):
                    for place, layer in enumerate(names):
                        kind = report.probed.architecture.layers.get(module_of(layer), "fixed")
                        numbers = [float(value[w, s, t, place]) for value in values]
                        where = [model, layer, kind, int(width), int(seed), int(step)]
                        yield [*where, *numbers, float(losses[w, s, t])]


def _facts(report: Report) -> str:
    probed, request = report.probed, report.request
    first, last = request.widths[0], request.widths[-1]
    own = ", the factory's own" if probed.own_optimizer else ""
    rates = report.tables["given"]["rate"].sel(width=first).values
    rate = sorted({float(rate) for rate in rates if not math.isnan(rate)})
    said = f"rate {rate[0]:g}" if len(rate) == 1 else f"rates {rate[0]:g} to {rate[-1]:g} at width {first}"
    steps = f"{request.steps} step{'s' if request.steps > 1 else ''}"
    check = report.checks["given"]
    facts = [
        ("model", f"{probed.code.name}, {probed.numbers[first]} to {probed.numbers[last]} numbers"),
        ("widths", f"{', '.join(map(str, request.widths))}; seeds 0 to {request.seeds - 1}"),
        ("batch", f"{probed.code.batch_name}: {probed.batch_shapes}; loss: {probed.loss_name}"),
        ("training", f"{probed.optimizer.__name__}{own}, {said}, {steps}, the same batch in each"),
        (
            "judged",
            f"slope of log2 mean |h({check.step}) - h(0)| on log2 width: flat if within ±{MARGIN:g}; "
            f"intervals {100 * LEVEL:.0f} %, jointly",
        ),
    ]
    return "\n".join(f"{name:<9} {printable(value)}" for name, value in facts)


def _layers(report: Report, model: str) -> str:
    check = report.checks[model]
    rows = [["layer", "kind", "start", "change", "interval", "spread", "verdict"]]
    for layer in check.layers:
        rows.append(
            [
                *[
                    printable(layer.layer),
                    layer.kind,
                    _signed(layer.start.value),
                    _signed(layer.change.value),
                ],
                *[_between(layer.change), _ratio(layer.spread), _verdict(layer)],
            ]
        )
    title = f"{TITLES[model]}: slopes of every layer's output at the start and of its change"
    return f"{title}{_judged_early(report, check)}\n{_lined(rows, left=(0, 1, 6))}"


def _judged_early(report: Report, check: Check) -> str:
    return "" if check.step == report.request.steps else f" in {check.step} steps"


def _verdict(layer: LayerVerdict) -> str:
    starts = {"grows": "; starts growing", "shrinks": "; starts shrinking"}
    return layer.change.verdict + (starts[layer.start.verdict] if layer.start_is_wrong else "")


def _parameters(rows: Sequence[Suggestion]) -> str:
    lines = [["parameter", "kind", "shape", "initial", "wanted", "rate", "wanted", "differs"]]
    for row in rows:
        initial, rate = row.differs(MARGIN)
        initial = initial and not row.minor
        differs = [*["initial"] * initial, *["rate"] * rate, *["multiplier"] * (row.multiplier_wanted != 0)]
        lines.append(
            [
                *[printable(row.parameter.name), row.parameter.kind, shape(row.parameter)],
                *[
                    _signed(row.initial),
                    _power(row.initial_wanted),
                    _signed(row.rate),
                    _power(row.rate_wanted),
                ],
                ", ".join(differs) or "-",
            ]
        )
    title = (
        "powers of the width in the initial scale and the learning rate, as they are and in maximal "
        "update\n(* grows with the width)"
    )
    minor = [row.parameter.name for row in rows if row.minor and row.differs(MARGIN)[0]]
    text = f"{title}\n{_lined(lines, left=(0, 1, 2, 7))}"
    if not minor:
        return text
    below = (
        f"initial scales of {len(minor)} bias{'es differ' if len(minor) > 1 else ' differs'} too "
        f"({named(minor)}); weights and rates matter first"
    )
    return f"{text}\n{textwrap.fill(printable(below), LINE)}"


def shape(parameter: Parameter) -> str:
    """The shape at the smallest width, with a star at what grows."""
    return "x".join(
        f"{size}{'*' if axis in parameter.grows else ''}" for axis, size in enumerate(parameter.shape)
    )


def _signed(value: float) -> str:
    if math.isnan(value):
        return "-"
    rounded = round(value, 2) + 0.0
    return f"{rounded:+.2f}" if rounded else "0.00"


def _power(value: float) -> str:
    from widthscope.parameterisations.table import fraction

    return "-" if math.isnan(value) else fraction(round(value, 3) + 0.0)


def _between(slope: Slope) -> str:
    return "-" if math.isnan(slope.low) else f"{_signed(slope.low)} to {_signed(slope.high)}"


def _ratio(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f}"


def _filled(sentence: str) -> str:
    return textwrap.fill(printable(sentence), LINE, initial_indent="- ", subsequent_indent="  ")


def _lined(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Columns of equal width: names to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
