"""Learning rules in their parameterisations, right ones and wrong ones, as they are trained here, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from widthscope.parameterisations.exponents import Exponents
from widthscope.parameterisations.local import TARGET_PROPAGATION, predictive_coding
from widthscope.parameterisations.methods import SGD
from widthscope.parameterisations.slopes import maximal_update, neural_tangent, standard
from widthscope.width_sweeps.methods import Arm

PREDICTIVE, PROPAGATED = 0.1, 0.3
"""Scale of the initial readout at the base width, of predictive coding and of target propagation: small,
so that the output at the start is small beside the targets. `coordinates` and `targets` train with these, the
scales of the theory notes; `transfer` trains both rules with 0.1."""


@dataclass(frozen=True)
class Row:
    """A rule in a parameterisation.

    Attributes:
        method: name of the rule, of `width_sweeps.methods.METHODS`.
        exponents: powers of the width.
        readout: scale of the initial readout at the base width.
        options: of the rule's step.
    """

    method: str
    exponents: Exponents
    readout: float
    options: Mapping[str, Any] = field(default_factory=dict)

    def arm(self, options: Mapping[str, Any] | None = None, frozen: tuple[str, ...] = ()) -> Arm:
        """What a sweep trains, with more options of the step and with layers that stand still."""
        return Arm(self.method, self.exponents, {**self.options, **(options or {})}, frozen=frozen)


def _coding(inference: str, gamma_bar: float) -> Row:
    return Row(f"pc_{inference}", maximal_update(predictive_coding(gamma_bar)), PREDICTIVE)


_MAXIMAL = maximal_update(TARGET_PROPAGATION)
_KERNEL = neural_tangent(SGD)

ROWS: dict[str, Row] = {
    "si_fpa-0": _coding("si_fpa", 0.0),
    "si_fpa-1": _coding("si_fpa", -1.0),
    "si-0": _coding("si", 0.0),
    "si-half": _coding("si", -0.5),
    "si-1": _coding("si", -1.0),
    "eq-0": _coding("eq", 0.0),
    "eq-1": _coding("eq", -1.0),
    # Wrong ones: rates of gradient descent with gamma_bar = -1, no powers of the width, the kernel regime's.
    "si-1-sgd": replace(
        _coding("si", -1.0),
        exponents=replace(maximal_update(predictive_coding(-1.0)), rates=maximal_update(SGD).rates),
    ),
    "si_fpa-sp": Row("pc_si_fpa", standard(predictive_coding(0.0)), PREDICTIVE),
    "si-sp": Row("pc_si", standard(predictive_coding(0.0)), PREDICTIVE),
    "eq-ntk": Row("pc_eq", neural_tangent(predictive_coding(0.0)), PREDICTIVE),
    "dtp": Row("dtp", _MAXIMAL, PROPAGATED),
    # Wrong in the rates of the weights alone: feedback maps learn as in the maximal-update parameterisation.
    "dtp-sp": Row(
        "dtp", replace(standard(TARGET_PROPAGATION), feedback_rates=_MAXIMAL.feedback_rates), PROPAGATED
    ),
    "dtp-readout-1": Row("dtp", maximal_update(TARGET_PROPAGATION, readout=1.0), PROPAGATED),
    "dtp-slowed": Row("dtp", replace(_MAXIMAL, rates=(0.5, 1.5, 1.5)), PROPAGATED),
    "bp-ntk": Row("bp", _KERNEL, PROPAGATED),
    # Back-propagation at the same readout, with rates that move features by order one.
    "bp-features": Row("bp", replace(_KERNEL, rates=(-0.5, 0.5, 1.0)), PROPAGATED),
}
"""Every row; its name says the rule, then gamma_bar or what is wrong."""
