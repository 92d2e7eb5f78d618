r"""How much is added to the two factors of a layer, rho_A to A_l and rho_B to B_l.

- ``rescaled``: rho_A = rho'_A tr A_l, rho_B = rho'_B tr B_l: the maximal update's exponents by themselves;
- ``mup_abs``: the base width's rho'_A and rho'_B times the powers of the width of an `Exponents`;
- ``heuristic``: rho_A = sqrt(rho'_A) pi, rho_B = sqrt(rho'_B) / pi with
  pi^2 = (tr A_l / dim A_l) / (tr B_l / dim B_l), of Martens and Grosse (arXiv:1503.05671, Sect. 6.3);
- ``const``: rho'_A and rho'_B at every width.

Source: arXiv:2312.12226 (abstract; the authors' code; theory notes, Sect. 5), on what the heuristic breaks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.ensembles.second_order.errors import SecondOrderError, known
from widthscope.parameterisations.exponents import Exponents

RULES = ("rescaled", "mup_abs", "heuristic", "const")


class Size(NamedTuple):
    """Trace (member,) and dimension of a factor."""

    trace: Tensor
    dimension: int


@dataclass(frozen=True)
class Damping:
    """A rule and its numbers, for each layer and member; made by `damping`.

    Attributes:
        rule: of `RULES`.
        inputs: for each layer rho'_A (member,), the width's power included.
        outputs: for each layer rho'_B (member,), the width's power included.

    Raises:
        SecondOrderError: if the rule is unknown, or a number is not positive and finite: the factors of a
            layer that is wider than the batch are singular.
    """

    rule: str
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    def __post_init__(self) -> None:
        known(self.rule, RULES, "damping rule")
        for what, by_layer in (("inputs", self.inputs), ("outputs", self.outputs)):
            for name, values in by_layer.items():
                positive(values, f"damping of the {what} of {name}")

    def ridges(self, name: str, inputs: Size, outputs: Size) -> tuple[Tensor, Tensor]:
        """(rho_A, rho_B) of one layer, (member,) each, in the factors' dtype.

        A member without any activities or signals in this layer gets 1: its gradient is 0, and so is its
        update with any ridge, where a relative one would be 0.
        """
        first, second = self.inputs[name].to(inputs.trace), self.outputs[name].to(outputs.trace)
        if self.rule == "rescaled":
            first, second = first * inputs.trace, second * outputs.trace
        elif self.rule == "heuristic":
            mean_input, mean_output = inputs.trace / inputs.dimension, outputs.trace / outputs.dimension
            ratio = (mean_input / mean_output).sqrt()
            first, second = first.sqrt() * ratio, second.sqrt() / ratio
        zero = (inputs.trace == 0) | (outputs.trace == 0)
        return torch.where(zero, 1.0, first), torch.where(zero, 1.0, second)


def damping(
    rule: str,
    names: Sequence[str],
    inputs: Tensor,
    outputs: Tensor,
    exponents: Exponents | None = None,
    width: int = 1,
    base: int = 1,
) -> Damping:
    """The same base damping in every layer; for ``mup_abs`` times the layer's power of the width.

    Args:
        rule: of `RULES`.
        names: the layers, first to last.
        inputs: rho'_A at the base width, (member,) or (1,) for all.
        outputs: rho'_B.
        exponents: whose d_A and d_B ``mup_abs`` follows.
        width: M.
        base: M_0.

    Raises:
        SecondOrderError: as `Damping`, and for ``mup_abs`` without exponents.
    """
    factors = dict.fromkeys(names, (1.0, 1.0))
    if rule == "mup_abs":
        if exponents is None:
            raise SecondOrderError("damping rule 'mup_abs' needs the exponents of a parameterisation")
        for layer, name in enumerate(names, start=1):
            factors[name] = exponents.damping_factors(layer, len(names), width, base)
    return Damping(
        rule,
        {name: inputs * factor for name, (factor, _) in factors.items()},
        {name: outputs * factor for name, (_, factor) in factors.items()},
    )


def positive(values: Tensor, what: str) -> None:
    """Check that a ridge is positive and finite for every member.

    Raises:
        SecondOrderError: naming the first member for which it is not.
    """
    wrong = ~((values > 0) & values.isfinite())
    if bool(wrong.any()):
        member = int(wrong.reshape(-1).nonzero()[0, 0])
        value = float(values.reshape(-1)[member])
        raise SecondOrderError(
            f"{what} is {value:g} for member {member}; it must be positive and finite, since factors are"
            " singular where a layer is wider than the batch"
        )
