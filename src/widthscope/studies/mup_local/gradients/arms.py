"""Which parameterisations the family compares: the scale of the last layer and of its energy."""

from dataclasses import dataclass

from widthscope.parameterisations.exponents import Exponents
from widthscope.parameterisations.local import first_order_slope


@dataclass(frozen=True)
class Arm:
    """One parameterisation.

    Attributes:
        name: as the tables name it.
        readout: b_L.
        energy: the exponent of gamma_L ~ M^-energy.
    """

    name: str
    readout: float
    energy: float

    @property
    def exponents(self) -> Exponents:
        """Without learning rates, which a comparison of gradients does not need."""
        return Exponents(self.readout, (0.0, 0.0, 0.0), energy=self.energy)

    @property
    def rate(self) -> float:
        """Predicted slope of the relative difference of gradients, on log width."""
        return first_order_slope(self.exponents)


STANDARD = Arm("standard", 1.0, 0.0)
HALF = Arm("half", 1.0, -0.5)
GAUSS_NEWTON = Arm("gauss-newton", 1.0, -1.0)
LARGE_READOUT = Arm("large readout", 0.5, 0.0)

ARMS = {arm.name: arm for arm in (STANDARD, HALF, GAUSS_NEWTON, LARGE_READOUT)}

SINGLE = ("standard", "gauss-newton")
"""Of the single pass, which needs no iteration."""

LINEAR = ("standard", "gauss-newton", "large readout")
