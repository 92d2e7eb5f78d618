"""What a sweep's axis of dampings means: which factor it damps, by which rule, and what damps the other."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from widthscope.ensembles.second_order.damping import Damping, Size, damping
from widthscope.errors import WidthscopeError
from widthscope.models.mlp import layer_names
from widthscope.parameterisations.exponents import Exponents

SIDES = ("both", "inputs", "outputs")
RELATIVE = "rescaled"


class DampingAxisError(WidthscopeError):
    """An axis of dampings names a factor that is not there."""


@dataclass(frozen=True)
class SplitDamping(Damping):
    """Two rules: that of the inputs' factor, as inherited, and another of the outputs'."""

    other: Damping | None = None

    def ridges(self, name: str, inputs: Size, outputs: Size) -> tuple[Tensor, Tensor]:
        """(rho_A by the one rule, rho_B by the other); see `Damping.ridges`."""
        first, second = super().ridges(name, inputs, outputs)
        return first, second if self.other is None else self.other.ridges(name, inputs, outputs)[1]


@dataclass(frozen=True)
class DampingAxis:
    """The values rho' of a sweep's axis, and what they damp.

    Attributes:
        rule: of `second_order.damping.RULES`; how rho' and the width make a damping.
        side: "both" factors, or the "inputs" or "outputs" alone.
        other: rho' of the other factor, where the axis has one side only; its rule is ``rescaled``.

    Raises:
        DampingAxisError: if there is no such side.
    """

    rule: str = RELATIVE
    side: str = "both"
    other: float = 0.1

    def __post_init__(self) -> None:
        if self.side not in SIDES:
            raise DampingAxisError(f"a damping has no side {self.side!r}, only {', '.join(SIDES)}")

    def damping(self, exponents: Exponents, values: Tensor, layers: int, width: int, base: int) -> Damping:
        """Of members with these rho' (member,). Errors as of `second_order.damping.damping`."""
        names = layer_names(layers)
        one = damping(self.rule, names, values, values, exponents, width, base)
        if self.side == "both":
            return one
        fixed = torch.full_like(values, self.other)
        rest = damping(RELATIVE, names, fixed, fixed)
        first, second = (one, rest) if self.side == "inputs" else (rest, one)
        return SplitDamping(first.rule, first.inputs, first.outputs, second)

    def values(
        self, exponents: Exponents, dampings: np.ndarray, layers: int, width: int, base: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """rho_A and rho_B (damping, layer) as they are at this width.

        Relative ones, ``rescaled``, are shares of the factor's trace; ``heuristic`` ones are rho' itself,
        before the ratio of the traces.
        """
        factors = np.ones((2, layers))
        if self.rule == "mup_abs":
            factors = np.transpose(
                [exponents.damping_factors(layer, layers, width, base) for layer in range(1, layers + 1)]
            )
        found = dampings[None, :, None] * factors[:, None, :]
        if self.side != "both":
            found[1 if self.side == "inputs" else 0] = self.other
        return found[0], found[1]
