"""What is measured: a learning rule, its exponents of the width, and its damping, one row for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from widthscope.parameterisations.exponents import Exponents
from widthscope.parameterisations.methods import SGD, Method, kfac, shampoo
from widthscope.parameterisations.slopes import maximal_update, parameterised

Damping = Literal["rescaled", "heuristic", "const", "mup_abs"]

KFAC, FOOF = kfac(1, 1), kfac(1, 0)
SHAMPOO, SHAMPOO_HALF = shampoo(0.25), shampoo(0.5)
METHODS = (SGD, KFAC, FOOF, SHAMPOO, SHAMPOO_HALF)
GENERAL = (kfac(0.5, 0.5), kfac(0.25, 0.75), kfac(0, 1))
READOUTS = (0.5, 0.75, 1.0)
"""b_L at which K-FAC with one rate for all layers and widths is measured."""

NULL_DIRECTION = (SHAMPOO_HALF, "last")
"""Method and layer whose slope is shown and not judged. Targets that add up to zero leave the readout's
signals a direction in which only f(0) ~ M^-1/2 is; what divides by the signal's whole norm amplifies it."""

LARGE_READOUT = 1.0
"""A scale sigma_L with which f(0) is as large as the targets at the base width."""


@dataclass(frozen=True)
class Row:
    """One way to update a layer.

    Attributes:
        name: unique.
        method: how the gradient is divided: its powers are those of both factors.
        exponents: of the readout's scale and of the rates.
        damping: rule of the damping; see `responses.dampings`.
        strength: rho'; None for the settings' relative damping.
        sigma_readout: sigma_L; None for the settings'.
        empirical_readout: whether the readout's output factor is that of the signals and not the identity.
    """

    name: str
    method: Method
    exponents: Exponents
    damping: Damping = "rescaled"
    strength: float | None = None
    sigma_readout: float | None = None
    empirical_readout: bool = False

    @property
    def is_shampoo(self) -> bool:
        """Whether the gradient is divided by powers of itself."""
        return self.method.name.startswith("Shampoo")


def name_of(method: Method, parameterisation: str) -> str:
    """Of the row of a method in "mup", "sp" or "ntk"."""
    return f"{method.name} {parameterisation}"


def rows(absolute: Sequence[float]) -> list[Row]:
    """Every row, names distinct.

    Args:
        absolute: strengths of the dampings that are not relative to a trace.
    """
    found = [*_parameterised(METHODS, ("mup", "sp", "ntk")), *_parameterised(GENERAL, ("mup", "sp"))]
    named = {row.name: row for row in found}
    found += [
        replace(named[name_of(method, p)], name=f"{name_of(method, p)}, empirical", empirical_readout=True)
        for method in (KFAC, *GENERAL)
        for p in ("mup", "sp")
    ]
    found += [
        replace(
            named[name_of(method, "mup")], name=f"{method.name} mup, large f(0)", sigma_readout=LARGE_READOUT
        )
        for method in (SGD, FOOF, KFAC)
    ]
    found += [Row(f"K-FAC b={b:g}", KFAC, Exponents(b, (0.0, 0.0, 0.0))) for b in READOUTS]
    found += wrong_rows()
    for rule in ("heuristic", "const", "mup_abs"):
        for strength in absolute:
            found.append(
                Row(f"{rule} {strength:g}", KFAC, maximal_update(KFAC), damping=rule, strength=strength)
            )
    return found


def wrong_rows() -> list[Row]:
    """Maximal-update rows with something wrong, whose slopes are not all zero."""
    found = []
    for method in METHODS:
        right = maximal_update(method)
        first, hidden, last = right.rates
        if first:
            found.append(_wrong(method, "c1 flipped", replace(right, rates=(-first, hidden, last))))
        if last:
            found.append(_wrong(method, "cL flipped", replace(right, rates=(first, hidden, -last))))
        if method is SHAMPOO or method is KFAC:
            found.append(_wrong(method, "SGD's exponents", maximal_update(SGD)))
    for method in GENERAL:
        found.append(_wrong(method, "K-FAC's exponents", maximal_update(KFAC)))
    found.append(_wrong(SHAMPOO_HALF, "Shampoo(0.25)'s exponents", maximal_update(SHAMPOO)))
    return found


def _wrong(method: Method, what: str, exponents: Exponents) -> Row:
    return Row(f"{method.name} mup, {what}", method, exponents)


def _parameterised(methods: Iterable[Method], names: Sequence[str]) -> list[Row]:
    return [Row(name_of(method, p), method, parameterised(method, p)) for method in methods for p in names]
