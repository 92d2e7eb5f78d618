"""The arms of the language-model experiment; light, so that plans and fits need no Torch."""

from dataclasses import dataclass
from typing import Literal

Penalty = Literal["none", "var", "scale", "target", "tr2"]

SHRUNK = 0.3
"""Factor on W_Q and W_K at initialisation in the arm `init-scale`, as in the theory notes."""


@dataclass(frozen=True)
class Arm:
    """What one arm does to the query and key weights; all else, data included, is the same for a seed.

    Attributes:
        penalty: by name; see `penalties`.
        shrink: factor on W_Q and W_K at initialisation.
        rotate: whether one random rotation of the head's coordinates is applied to both, which leaves every
            W = W_Q^T W_K and so the model as it was, and changes only how rounding and Adam go on.
    """

    penalty: Penalty = "none"
    shrink: float = 1.0
    rotate: bool = False


ARMS = {
    "none": Arm(),
    "sham": Arm(rotate=True),
    "var": Arm(penalty="var"),
    "scale": Arm(penalty="scale"),
    "target": Arm(penalty="target"),
    "tr2": Arm(penalty="tr2"),
    "init-scale": Arm(shrink=SHRUNK),
}
"""Every arm by name: no penalty, a placebo, four penalties, and small weights from the start."""
