r"""What one update does at large width, by a rule's row and the exponents, and the exponents solved for.

With p_l = [l >= 2] the power of M in ||a_{l-1}||^2, and s^d_l that of a coordinate of the signal delta_l
(-b_L below the last layer, 0 in it), ||delta_l||^2 ~ M^{q_l} with q_l = (1 - 2 b_L) [l < L]. One update of
layer l alone moves h_l by

    -c_l + s^d_l (1 - entries) + p_l (1 - inputs) - outputs q_l

powers of M, and the output, through h_{L-1}, by that plus alignment - b_L.
"""

from collections.abc import Callable
from typing import NamedTuple

from widthscope.parameterisations.exponents import ByPlace, Exponents, ParameterisationError
from widthscope.parameterisations.methods import Method

INPUTS: ByPlace = (0.0, 1.0, 1.0)
"""Power of M in ||a_{l-1}||^2: the first layer's inputs are data."""

NOTHING: ByPlace = (0.0, 0.0, 0.0)


class Slopes(NamedTuple):
    """Slopes of log rms change on log width after one update of one layer.

    Attributes:
        first: of h_1 when W_1 alone is updated.
        hidden: of h_l when W_l alone is, 1 < l < L.
        last: of the output when W_L alone is.
        hidden_to_output: of the output when W_l alone is, 1 < l < L; the network is stable where <= 0.
    """

    first: float
    hidden: float
    last: float
    hidden_to_output: float


def predicted(method: Method, exponents: Exponents) -> Slopes:
    """Slopes of one update from random initial weights, damping relative to the factors' own scale.

    Valid while the output's initial values are small beside the targets and, for predictive coding, while
    the equilibrium's correction is bounded.

    Source: arXiv:2312.12226; the closed form is derived in the theory notes, Sect. 2.
    """
    b = exponents.readout
    signals = _signals(method, exponents)
    norms = _output_norms(method, b)
    first, hidden, last = (
        signal * (1 - method.entries) + inputs * (1 - method.inputs) - method.outputs * norm - rate
        for signal, inputs, norm, rate in zip(signals, INPUTS, norms, exponents.rates, strict=True)
    )
    return Slopes(first + 0.0, hidden + 0.0, last + 0.0, hidden + method.alignment - b)


def maximal_update(method: Method, readout: float | None = None) -> Exponents:
    """The exponents with which one update moves every layer by order one: all `predicted` slopes are 0.

    Args:
        method: the learning rule.
        readout: b_L; None for that which also keeps the hidden layers' effect on the output of order one.
    """
    b = method.alignment if readout is None else readout
    return _solved(method, b, NOTHING)


def neural_tangent(method: Method) -> Exponents:
    """b_L = 1/2 and rates such that features stand still while the output moves by order one.

    Raises:
        ParameterisationError: if the rule has none: what moves the output then moves features too, or the
            correction of predictive coding's equilibrium, ~ M^(1 - 2 b_L - energy), grows.
    """
    shift = 0.5 - method.alignment
    if shift == 0:
        raise ParameterisationError(
            f"{method.name} has no neural-tangent parameterisation: at b_L = 1/2 the features move too"
        )
    if method.energy and method.energy_exponent < 0:
        raise ParameterisationError(
            f"{method.name} has no neural-tangent parameterisation: at b_L = 1/2 its correction grows"
        )
    return _solved(method, 0.5, (shift, shift, 0.0))


def standard(method: Method) -> Exponents:
    """b_L = 1/2 and nothing else that depends on the width: what frameworks do."""
    return Exponents(0.5, NOTHING)


PARAMETERISATIONS: dict[str, Callable[[Method], Exponents]] = {
    "sp": standard,
    "ntk": neural_tangent,
    "mup": maximal_update,
}


def parameterised(method: Method, name: str) -> Exponents:
    """The method's exponents in the parameterisation "mup", "sp" or "ntk".

    Raises:
        ParameterisationError: if there is none of this name, or the method has none.
    """
    if name not in PARAMETERISATIONS:
        raise ParameterisationError(
            f"there is no parameterisation {name!r}, only {', '.join(PARAMETERISATIONS)}"
        )
    return PARAMETERISATIONS[name](method)


def _solved(method: Method, readout: float, slopes: ByPlace) -> Exponents:
    """Rates such that the slopes are these; a slope is one minus its rate's exponent, whatever the rate."""
    norms = _output_norms(method, readout)
    free = Exponents(
        readout,
        NOTHING,
        damping_inputs=_negative(INPUTS) if method.damped and method.inputs else NOTHING,
        damping_outputs=_negative(norms) if method.damped and method.outputs else NOTHING,
        energy=method.energy_exponent,
        feedback_rates=method.feedback_rates,
    )
    found = predicted(method, free)
    first, hidden, last = (found[at] - slopes[at] for at in range(3))
    return Exponents(
        readout,
        (first, hidden, last),
        free.damping_inputs,
        free.damping_outputs,
        free.energy,
        free.feedback_rates,
    )


def _signals(method: Method, exponents: Exponents) -> ByPlace:
    """Power of M in one coordinate of the signal."""
    below = -exponents.readout if method.through_readout else 0.0
    energy = -exponents.energy if method.energy else 0.0
    return below + energy, below + energy, energy


def _output_norms(method: Method, readout: float) -> ByPlace:
    """Power of M in ||delta_l||^2: M coordinates below the last layer, C in it."""
    below = 1 - 2 * readout if method.through_readout else 1.0
    return below, below, 0.0


def _negative(powers: ByPlace) -> ByPlace:
    first, hidden, last = (0.0 - power for power in powers)
    return first, hidden, last
