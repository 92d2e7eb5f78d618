"""The rows of the table: a rule, its exponents, and the slopes that the theory predicts for them."""

from dataclasses import dataclass, replace
from typing import Literal

from widthscope.parameterisations.exponents import ByPlace, Exponents
from widthscope.parameterisations.local import TARGET_PROPAGATION, predictive_coding
from widthscope.parameterisations.methods import SGD, Method
from widthscope.parameterisations.slopes import Slopes, maximal_update, neural_tangent, predicted, standard

Inference = Literal["single", "equilibrium", "targets"]


@dataclass(frozen=True)
class Row:
    """One rule in one parameterisation.

    Attributes:
        name: as tables name it.
        inference: where the errors come from: predictive coding's single pass or equilibrium, or targets.
        method: the row of the theory.
        exponents: powers of the width.
        maximal: whether these are the exponents of the maximal-update parameterisation.
    """

    name: str
    inference: Inference
    method: Method
    exponents: Exponents
    maximal: bool = False

    @property
    def slopes(self) -> Slopes:
        """What the theory predicts."""
        return predicted(self.method, self.exponents)

    @property
    def wrong_slopes(self) -> Slopes:
        """The prediction of a theory that leaves out what sets the rule apart from gradient descent.

        Of predictive coding: the weight of the output's energy, and that hidden changes lie along the
        readout; of target propagation: that signals do not pass the readout, nor lie along it.
        """
        coding = self.inference != "targets"
        return predicted(replace(SGD, alignment=0.5 if coding else 1.0), self.exponents)


def _of_energy(rates: ByPlace, gamma_bar: float) -> Exponents:
    return Exponents(1.0, rates, energy=gamma_bar)


def _coding(name: str, inference: Inference, gamma_bar: float) -> Row:
    method = predictive_coding(gamma_bar)
    return Row(name, inference, method, maximal_update(method), maximal=True)


CODING: tuple[Row, ...] = (
    _coding("single, 0", "single", 0.0),
    _coding("single, -1/2", "single", -0.5),
    _coding("single, -1", "single", -1.0),
    _coding("equilibrium, 0", "equilibrium", 0.0),
    _coding("equilibrium, -1", "equilibrium", -1.0),
    Row(
        "single, -1, rates of gradient descent",
        "single",
        predictive_coding(-1.0),
        _of_energy(maximal_update(SGD).rates, -1.0),
    ),
    Row("single, 0, standard", "single", predictive_coding(0.0), standard(predictive_coding(0.0))),
    Row(
        "equilibrium, 0, neural tangent",
        "equilibrium",
        predictive_coding(0.0),
        neural_tangent(predictive_coding(0.0)),
    ),
)
"""Predictive coding; numbers are the exponent of the output's energy."""

PROPAGATION: tuple[Row, ...] = (
    Row("maximal update", "targets", TARGET_PROPAGATION, maximal_update(TARGET_PROPAGATION), maximal=True),
    Row("standard", "targets", TARGET_PROPAGATION, standard(TARGET_PROPAGATION)),
    Row("readout 3/4", "targets", TARGET_PROPAGATION, maximal_update(TARGET_PROPAGATION, 0.75)),
    Row("readout 1", "targets", TARGET_PROPAGATION, maximal_update(TARGET_PROPAGATION, 1.0)),
)
"""Difference target propagation with random feedback maps; the readout's exponent b_L is 1/2 else."""

ROWS = (*CODING, *PROPAGATION)
