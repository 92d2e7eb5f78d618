"""The policies of the family, which its plan and its fit both know. No Torch here."""

from widthscope.studies.adalase.arms import Arm

HIDDEN = 2
POSITIONS = HIDDEN + 1
OTHERS = ("cutout", "noise")
"""Operations beside mixup."""


def arms_of(operation: str, rate: float) -> list[Arm]:
    """Every fixed position, uniform choice and adaptive choice of one operation."""
    everywhere = (operation,) * POSITIONS
    fixed = [Arm(f"{operation}-p{place}", everywhere, place) for place in range(POSITIONS)]
    return [
        *fixed,
        Arm(f"{operation}-uniform", everywhere),
        Arm(f"{operation}-adaptive", everywhere, rate=rate),
    ]
