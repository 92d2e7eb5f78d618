"""Every method's exponents and what they do, as rows and as a small aligned text table."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from widthscope.parameterisations.exponents import Exponents, ParameterisationError
from widthscope.parameterisations.local import local_methods
from widthscope.parameterisations.methods import ADAM, SGD, Method, kfac, shampoo
from widthscope.parameterisations.slopes import PARAMETERISATIONS, Slopes, parameterised, predicted

METHODS = (SGD, ADAM, kfac(), kfac(1.0, 0.0), shampoo(), *local_methods())

TITLES = {"sp": "standard", "ntk": "neural tangent", "mup": "maximal update"}

HEAD = ("", "", "b_L", "c_1", "c_h", "c_L", "d_A", "d_B", "dh_1", "dh_l", "df", "dh_l to f")

LEGEND = """\
M is the width, l a hidden layer between the first (1) and the last (L).
b_L: the last layer's initial weights have a standard deviation ~ M^-b_L
c:   learning rates ~ M^-c;  d_A, d_B: damping of a layer's inputs and signals ~ M^-d, in layers 1, l, L
dh, df: one update of a layer moves its outputs by ~ M^this; the last column: what it does to the output
0 is of order one at every width. Without exponents (-) there is no damping, or it is relative. What an
update moves is predicted for a damping that grows as its factor does, as with the last rows' d_A, d_B."""


class Row(NamedTuple):
    """One method in one parameterisation.

    Attributes:
        method: the learning rule.
        parameterisation: "sp", "ntk" or "mup".
        exponents: None where the method has none in this parameterisation.
        slopes: predicted of one update.
    """

    method: Method
    parameterisation: str
    exponents: Exponents | None
    slopes: Slopes | None


def rows(methods: Sequence[Method] = METHODS) -> list[Row]:
    """The standard, neural-tangent and maximal-update rows of each method, in this order."""
    found = []
    for method in methods:
        for name in PARAMETERISATIONS:
            try:
                exponents = parameterised(method, name)
            except ParameterisationError:
                found.append(Row(method, name, None, None))
            else:
                found.append(Row(method, name, exponents, predicted(method, exponents)))
    return found


def table(methods: Sequence[Method] = METHODS, legend: bool = True) -> str:
    """`rows` as aligned text, exponents as fractions, one blank line between methods, no line end."""
    lines = [HEAD, *[_cells(row) for row in rows(methods)]]
    widths = [max(len(line[at]) for line in lines) for at in range(len(HEAD))]
    text = []
    for place, line in enumerate(lines):
        if place and line[0]:
            text.append("")
        first = [cell.ljust(width) for cell, width in zip(line[:2], widths[:2], strict=True)]
        others = [cell.rjust(width) for cell, width in zip(line[2:], widths[2:], strict=True)]
        text.append("  ".join([*first, *others]).rstrip())
    return "\n".join([*text, "", LEGEND] if legend else text)


def fraction(value: float) -> str:
    """-1/2 for -0.5; a number that is no fraction of sixteenths or less as it is."""
    near = Fraction(value).limit_denominator(16)
    return str(near) if abs(float(near) - value) < 1e-12 else f"{value:g}"


def _cells(row: Row) -> tuple[str, ...]:
    """One line; the method's name stands in its first row only."""
    name = row.method.name if row.parameterisation == next(iter(PARAMETERISATIONS)) else ""
    title = TITLES[row.parameterisation]
    if row.exponents is None or row.slopes is None:
        return (name, title, *["none", *[""] * (len(HEAD) - 3)])
    exponents = row.exponents
    dampings = ["-", "-"]
    if row.method.damped:
        sides = (
            (row.method.inputs, exponents.damping_inputs),
            (row.method.outputs, exponents.damping_outputs),
        )
        dampings = [" ".join(map(fraction, by_place)) if power else "-" for power, by_place in sides]
    numbers = [exponents.readout, *exponents.rates]
    return (name, title, *map(fraction, numbers), *dampings, *map(fraction, row.slopes))
