"""The arms that sweeps train: a rule, its exponents, and what its damping means."""

from widthscope.parameterisations.methods import SGD, kfac, shampoo
from widthscope.parameterisations.slopes import maximal_update, neural_tangent, standard
from widthscope.studies.mup_second_order.arm_names import method_of
from widthscope.width_sweeps.damping import DampingAxis
from widthscope.width_sweeps.methods import Arm

EXPONENTS = {
    "sgd-mup": maximal_update(SGD),
    "sgd-sp": standard(SGD),
    "sgd-ntk": neural_tangent(SGD),
    "kfac-mup": maximal_update(kfac()),
    "kfac-sp": standard(kfac()),
    "kfac-foof": maximal_update(kfac(1, 0)),
    "kfac-absolute": maximal_update(kfac()),
    "kfac-heuristic": maximal_update(kfac()),
    "kfac-const": maximal_update(kfac()),
    "kfac-framework": standard(kfac()),
    "foof-mup": maximal_update(kfac(1, 0)),
    "shampoo-mup": maximal_update(shampoo()),
    "shampoo-sp": standard(shampoo()),
}
"""Powers of the width of every arm of `arm_names.LABELS`."""

RULES = {
    "kfac-absolute": "mup_abs",
    "kfac-heuristic": "heuristic",
    "kfac-const": "const",
    "kfac-framework": "heuristic",
}
"""Damping rules other than the one relative to each factor's trace."""


def arm_of(name: str) -> Arm:
    """The arm of this name; K-FAC's Fisher factors are of sampled residuals, B_L = I."""
    return Arm(method_of(name), EXPONENTS[name], damping=DampingAxis(rule=RULES.get(name, "rescaled")))
