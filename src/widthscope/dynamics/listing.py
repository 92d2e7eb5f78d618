"""What `widthscope jacobian` prints, and the same numbers as comma-separated values."""

import csv
import io
import textwrap
from collections.abc import Iterator, Sequence

import numpy as np
import xarray as xr

from widthscope.dynamics.analysis import distance_interval
from widthscope.dynamics.findings import findings, motion
from widthscope.printable import printable
from widthscope.statistics.intervals import interval

LINE = 100
COLUMNS = (
    *("state", "place", "quantity", "rank", "value", "imaginary", "low", "high", "residual", "converged"),
)
"""Of the comma-separated values."""
MOST_STATES = 20
"""States of a batch that are listed; all are in the CSV file."""


def overview(table: xr.Dataset) -> str:
    """Facts, eigenvalues, exponents, distance from criticality, and what is worth saying.

    Args:
        table: what `widthscope.dynamics.analysis.analyse` returns.
    """
    parts = [_facts(table)]
    if table.attrs["states"] == 1:
        parts += [_eigenvalues(table), _one_step(table), _exponents(table), _distance(table)]
    else:
        parts += [_states(table), _over_states(table)]
    said = findings(table)
    if said:
        parts.append(
            "\n".join(
                textwrap.fill(printable(sentence), LINE, initial_indent="- ", subsequent_indent="  ")
                for sentence in said
            )
        )
    return "\n\n".join(parts)


def csv_text(table: xr.Dataset) -> str:
    """Every value of every state, a row each, with all digits."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in _rows(table):
        writer.writerow(["" if isinstance(cell, float) and np.isnan(cell) else cell for cell in row])
    return written.getvalue()


def _rows(table: xr.Dataset) -> Iterator[list[object]]:
    steps, long_steps = table.attrs["steps"], table.attrs["long_steps"]
    for state in range(table.attrs["states"]):
        at = table.isel(state=state)
        for place in table["place"].values:
            there = at.sel(place=place)
            for mode, value in enumerate(there["eigenvalue"].values):
                residual = float(there["eigenvalue_residual"].values[mode])
                sure = int(there["eigenvalue_converged"].values[mode])
                parts = [float(value.real), float(value.imag), "", "", residual, sure]
                yield [state, str(place), "eigenvalue", mode + 1, *parts]
        yield [
            *[state, "given", "singular value", 1, float(at["singular"]), "", "", ""],
            *[float(at["singular_residual"]), int(at["singular_converged"])],
        ]
        for rank in range(table.sizes["rank"]):
            here = at.isel(rank=rank)
            finite = [float(here["finite_exponent"]), "", "", "", float(here["finite_residual"])]
            yield [
                *[state, "given", f"exponent over {steps} steps", rank + 1, *finite],
                int(here["finite_converged"]),
            ]
            bounds = [float(here[name]) for name in ("long_exponent", "long_low", "long_high")]
            yield [
                *[state, "end", f"exponent over {long_steps} steps", rank + 1, bounds[0], "", *bounds[1:]],
                *["", ""],
            ]


def _facts(table: xr.Dataset) -> str:
    of = table.attrs
    count = (
        f"{of['states']} state{'s' if of['states'] > 1 else ''} of shape " if of["batched"] else "of shape "
    )
    shape = f"({', '.join(map(str, of['shape']))}{',' if len(of['shape']) == 1 else ''})"
    spectra = "dense Jacobians" if of["spectrum_method"] == "dense" else "matrix-free (Arnoldi, Golub-Kahan)"
    facts = [
        ("function", of["function"]),
        ("state", f"{count}{shape}: n = {of['numbers']}, computed in {of['dtype']}"),
        ("derivatives", f"by Torch: {of['derivatives']}; agree with finite differences"),
        ("method", f"{spectra}; {of['route']}"),
    ]
    if of["states"] == 1:
        facts.append(("trajectory", f"{of['whole_run']} steps; it {_verb(motion(table, 0))}"))
    return "\n".join(f"{name:<12} {printable(str(value))}" for name, value in facts)


def _verb(said: str) -> str:
    return said if said.startswith(("comes", "repeats", "does")) else f"is {said}"


def _where(table: xr.Dataset) -> list[str]:
    return ["at the state", f"after {table.attrs['whole_run']} steps"][: table.sizes["place"]]


def _doubt(table: xr.Dataset, place: int, state: int = 0) -> str:
    """What is put behind a spectral radius that has not converged."""
    known = np.isfinite(table["radius"].values[place, state])
    return " (not converged)" if known and not table["eigenvalue_converged"].values[place, state, 0] else ""


def _eigenvalues(table: xr.Dataset) -> str:
    shown = min(table.attrs["count"], table.sizes["mode"])
    rows = [["rank"]]
    for name in _where(table):
        rows[0] += [name, "modulus", "residual", "converged"]
    for mode in range(shown):
        row = [str(mode + 1)]
        for place in range(table.sizes["place"]):
            value = table["eigenvalue"].values[place, 0, mode]
            residual = table["eigenvalue_residual"].values[place, 0, mode]
            sure = table["eigenvalue_converged"].values[place, 0, mode]
            row += [_complex(value), number(abs(value)), f"{residual:.0e}", "yes" if sure else "no"]
        rows.append(row)
    title = f"eigenvalues of the Jacobian, the {shown} of largest modulus" if shown > 1 else "eigenvalue"
    return f"{title}\n{_lined(rows)}"


def _one_step(table: xr.Dataset) -> str:
    radius = table["radius"].values[:, 0]
    singular = float(table["singular"].values[0])
    sure = "converged" if table["singular_converged"].values[0] else "NOT converged"
    residual = f"residual {float(table['singular_residual'].values[0]):.0e}, {sure}"
    rows = [
        ["one step", *_where(table)],
        [
            "spectral radius",
            *(f"{number(value)}{_doubt(table, place)}" for place, value in enumerate(radius)),
        ],
        ["largest singular value", number(singular), *([""] if len(radius) > 1 else [])],
    ]
    return f"{_lined(rows)}  ({residual})"


def _exponents(table: xr.Dataset) -> str:
    steps, long_steps = table.attrs["steps"], table.attrs["long_steps"]
    level = f"{100 * table.attrs['level']:.0f} %"
    horizons = [f"finite time, T = {steps}", "converged", f"long run, {long_steps} steps"]
    rows = [["rank", *horizons, f"{level} interval"]]
    for rank in range(table.sizes["rank"]):
        at = table.isel(state=0, rank=rank)
        between = _between(float(at["long_low"]), float(at["long_high"]))
        finite = number(at["finite_exponent"])
        sure = "-" if finite == "-" else "yes" if bool(at["finite_converged"]) else "no"
        rows.append([str(rank + 1), finite, sure, number(at["long_exponent"]), between])
    return f"exponents, natural logarithm of the growth a step\n{_lined(rows)}"


def _distance(table: xr.Dataset) -> str:
    at = table.isel(state=0, rank=0)
    exponent = float(at["long_exponent"])
    low, high = distance_interval(float(at["long_low"]), float(at["long_high"]))
    half = number(at["second_half"])
    rows = [
        [
            "|long-run exponent|",
            number(abs(exponent)),
            _between(low, high),
            f"second half of the run: {half}",
        ],
    ]
    for place, name in enumerate(_where(table)):
        rows.append(
            [
                "1 - spectral radius",
                number(1 - float(at["radius"].values[place])),
                "",
                f"{name}{_doubt(table, place)}",
            ]
        )
    return "distance from criticality\n" + _lined(rows, left=(0, 3))


def _states(table: xr.Dataset) -> str:
    of = table.attrs
    rows = [
        [
            *["state", "radius", "1 - radius", "singular", f"T = {of['steps']}", f"{of['long_steps']} steps"],
            *[f"{100 * of['level']:.0f} % interval", "trajectory"],
        ]
    ]
    for state in range(min(of["states"], MOST_STATES)):
        at = table.isel(state=state)
        radius = float(at["radius"].values[0])
        rows.append(
            [
                *[
                    str(state),
                    f"{number(radius)}{_doubt(table, 0, state)}",
                    number(1 - radius),
                    number(at["singular"]),
                ],
                *[number(at["finite_exponent"].values[0]), number(at["long_exponent"].values[0])],
                _between(float(at["long_low"].values[0]), float(at["long_high"].values[0])),
                motion(table, state),
            ]
        )
    more = of["states"] - MOST_STATES
    tail = f"\n… and {more} more state{'s' if more > 1 else ''}, which --csv writes" if more > 0 else ""
    title = "spectral radius and largest singular value of one step, exponents over two horizons"
    return f"{title}\n{_lined(rows, left=(7,))}{tail}"


def _over_states(table: xr.Dataset) -> str:
    """Means over the states, each with an interval that takes the states as drawn independently."""
    of = table.attrs
    missed = int((~table["eigenvalue_converged"].values[0, :, 0]).sum())
    doubt = f" ({missed} not converged)" if missed else ""
    rows = [["over the states", "mean", f"{100 * of['level']:.0f} % interval"]]
    for name, values in (
        (f"1 - spectral radius{doubt}", 1 - table["radius"].values[0]),
        (f"finite time, T = {of['steps']}", table["finite_exponent"].values[:, 0]),
        (f"long run, {of['long_steps']} steps", table["long_exponent"].values[:, 0]),
        ("|long-run exponent|", np.abs(table["long_exponent"].values[:, 0])),
    ):
        error = values.std(ddof=1) / len(values) ** 0.5
        low, high = interval(values.mean(), error, of["level"], len(values) - 1)
        rows.append([name, number(values.mean()), _between(float(low), float(high))])
    return _lined(rows)


def number(value: object) -> str:
    """A number with four digits; what is below rounding is 0, and what does not exist a dash."""
    shown = float(value)  # type: ignore[arg-type]
    if np.isnan(shown):
        return "-"
    return "0" if abs(shown) < 1e-13 else f"{shown:.4g}"


def _between(low: float, high: float) -> str:
    return "-" if np.isnan(low) or np.isnan(high) else f"{number(low)} to {number(high)}"


def _complex(value: complex) -> str:
    if abs(value.imag) < 1e-13:
        return number(value.real)
    return f"{value.real:.4f}{value.imag:+.4f}i"


def _lined(rows: Sequence[Sequence[str]], left: Sequence[int] = (0,)) -> str:
    """Columns of equal width: names to the left, numbers to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
