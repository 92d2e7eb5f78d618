r"""Powers of the width: of the readout's initial scale, of each layer's learning rate and of its damping.

Weights are W_1 (M, D), W_l (M, M), W_L (C, M). Relative to a base width M_0, at which all parameterisations
are the same network with the same rates,

    W_1 ~ N(0, s^2 / D),   W_l ~ N(0, s^2 / M),   W_L ~ N(0, (s_L^2 / M) (M / M_0)^{-(2 b_L - 1)}),
    eta_l = eta' (M / M_0)^{-c_l},   rho_l = rho' (M / M_0)^{-d_l} .
"""

from dataclasses import dataclass

from widthscope.errors import WidthscopeError

ByPlace = tuple[float, float, float]
"""One number for the first layer, one for every hidden layer, one for the last."""


class ParameterisationError(WidthscopeError):
    """A width, a layer or a name has no place in a parameterisation."""


@dataclass(frozen=True)
class Exponents:
    """Powers of the width; every power is that of 1 / M, so that a rate ~ M^-c has the exponent c.

    Attributes:
        readout: b_L; the last layer's initial weights have a standard deviation ~ M^-b_L.
        rates: c of the first, every hidden and the last layer; its learning rate ~ M^-c.
        damping_inputs: d_A of these layers; the damping of the input factor ~ M^-d_A.
        damping_outputs: d_B of these layers; the damping of the output factor ~ M^-d_B.
        energy: of predictive coding, the weight of the last layer's energy ~ M^-energy.
        feedback_rates: of target propagation, the learning rates of the hidden and the last feedback map.

    Source: arXiv:2011.14522 (abc-parameterisation), arXiv:2312.12226 (damping); the energy's and
    the feedback's are derived in the theory notes of mup_local, 3.5 and 3.3.
    """

    readout: float
    rates: ByPlace
    damping_inputs: ByPlace = (0.0, 0.0, 0.0)
    damping_outputs: ByPlace = (0.0, 0.0, 0.0)
    energy: float = 0.0
    feedback_rates: tuple[float, float] = (0.0, 0.0)

    def rate(self, layer: int, layers: int, width: int, base: int) -> float:
        """(M / M_0)^-c_l, what the base width's learning rate is multiplied by in layer 1 <= l <= L.

        Raises:
            ParameterisationError: if there is no such layer, or a width is not positive.
        """
        return _power(width, base, self.rates[place(layer, layers)])

    def damping_factors(self, layer: int, layers: int, width: int, base: int) -> tuple[float, float]:
        """What the base width's dampings of the input and the output factor are multiplied by; as `rate`."""
        at = place(layer, layers)
        inputs, outputs = self.damping_inputs[at], self.damping_outputs[at]
        return _power(width, base, inputs), _power(width, base, outputs)

    def readout_std(self, width: int, base: int, sigma: float = 1.0) -> float:
        """Standard deviation of the last layer's initial weights, s_L / sqrt(M) (M / M_0)^-(b_L - 1/2)."""
        return float(sigma * width**-0.5 * _power(width, base, self.readout - 0.5))

    def energy_factor(self, width: int, base: int) -> float:
        """(M / M_0)^-energy, of the last layer's energy in predictive coding."""
        return _power(width, base, self.energy)

    def feedback_rate(self, layer: int, layers: int, width: int, base: int) -> float:
        """What the base width's learning rate of the feedback map of layer 2 <= l <= L is multiplied by.

        Raises:
            ParameterisationError: as `rate`, and for the first layer, whose inputs are data.
        """
        if place(layer, layers) == 0:
            raise ParameterisationError("layer 1 has no feedback map, only layers 2 and above have one")
        return _power(width, base, self.feedback_rates[place(layer, layers) - 1])


def place(layer: int, layers: int) -> int:
    """0 for the first of `layers` weight layers, 2 for the last, 1 between them.

    Raises:
        ParameterisationError: if there is no such layer, or fewer than two.
    """
    if layers < 2 or not 1 <= layer <= layers:
        raise ParameterisationError(
            f"layer {layer} of {layers} does not exist: layers count from 1, and there are at least 2"
        )
    return 0 if layer == 1 else 2 if layer == layers else 1


def _power(width: int, base: int, exponent: float) -> float:
    if width < 1 or base < 1:
        raise ParameterisationError(f"width {width} and base width {base} must be positive")
    return float((width / base) ** -exponent)
