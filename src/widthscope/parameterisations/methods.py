r"""How one update of each learning rule scales with the width: one row of numbers for each.

In a wide network ||a_{l-1}||^2 of a layer's inputs and ||delta_l||^2 of its signals are the only growing
eigenvalues of A_l, B_l, G G^T and G^T G. So the powers of these two norms that a rule divides the gradient by
are all that its exponents depend on.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Method:
    r"""A learning rule, Delta W_l = eta_l delta_l a_{l-1}^T divided by powers of what grows.

    Attributes:
        name: as tables print it.
        inputs: power of ||a_{l-1}||^2 that the gradient is divided by.
        outputs: power of ||delta_l||^2 that it is divided by.
        entries: power of the gradient's own entries that each is divided by: 1 where only signs are left.
        damped: whether the rule adds a damping to the factors it divides by, whose exponents follow the same
            norms.
        through_readout: whether the signals of hidden layers come back through W_L, and so are as small as it
            is, ~ M^-b_L; else they are of order 1.
        alignment: the change of W_L a_{L-1} is M^alignment times an entry of W_L times a change of a hidden
            unit: 1 where the change lies along W_L, 1/2 where it is independent of it.
        energy: whether the signals carry the weight of the last layer's energy.
        energy_exponent: that weight's own, ~ M^-energy_exponent, which the maximal-update row takes over.
        feedback_rates: exponents of the feedback maps' learning rates in the maximal-update row.
    """

    name: str
    inputs: float = 0.0
    outputs: float = 0.0
    entries: float = 0.0
    damped: bool = False
    through_readout: bool = True
    alignment: float = 1.0
    energy: bool = False
    energy_exponent: float = 0.0
    feedback_rates: tuple[float, float] = (0.0, 0.0)


SGD = Method("SGD")

ADAM = Method("Adam", entries=1.0)
"""Also any other rule whose update's entries are of order one (signs); its eps must be far below an entry."""


def kfac(inputs: float = 1.0, outputs: float = 1.0) -> Method:
    """(B_l + rho_B)^-e_B G_l (A_l + rho_A)^-e_A: K-FAC (1, 1), FOOF (1, 0); arXiv:2312.12226."""
    name = {(1.0, 1.0): "K-FAC", (1.0, 0.0): "FOOF"}.get((inputs, outputs), f"K-FAC({inputs:g},{outputs:g})")
    return Method(name, inputs=inputs, outputs=outputs, damped=True)


def shampoo(exponent: float = 0.25) -> Method:
    """(G G^T)^-e G (G^T G)^-e, each ~ (||delta||^2 ||a||^2)^-e; the original's e = 1/4, arXiv:1802.09568."""
    return Method(f"Shampoo({exponent:g})", inputs=2 * exponent, outputs=2 * exponent)
