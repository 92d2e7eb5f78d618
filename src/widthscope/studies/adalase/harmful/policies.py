"""The policies of the family, which its plan and its fit both know. No Torch here."""

from widthscope.studies.adalase.arms import Arm

HIDDEN = 2
POSITIONS = HIDDEN + 1
CONTROLLED = 1
"""Where labels are destroyed in the arms that are there as controls."""


def arms_of(rate: float) -> list[Arm]:
    """Labels destroyed at each position and mixup elsewhere, and controls.

    With the sign of the update turned, or with labels of the pseudo-validation shuffled, the position that
    destroys labels should win; with the identity ratios only drift. A rate of zero, which leaves ratios as
    they were, bit for bit, needs no training and is left to a unit test.
    """
    found = [Arm(f"mixup-p{place}", ("mixup",) * POSITIONS, place) for place in range(POSITIONS)]
    for bad in range(POSITIONS):
        operations = _with_harm("mixup", bad)
        found += [
            Arm(f"harm{bad}-fixed", operations, bad),
            Arm(f"harm{bad}-uniform", operations),
            Arm(f"harm{bad}-adaptive", operations, rate=rate),
        ]
    operations = _with_harm("mixup", CONTROLLED)
    return [
        *found,
        Arm("harm-alone-adaptive", _with_harm("identity", CONTROLLED), rate=rate),
        Arm("harm-shuffled", operations, rate=rate, shuffled=True),
        Arm("harm-opposite", operations, rate=-rate),
        Arm("identity-adaptive", ("identity",) * POSITIONS, rate=rate),
    ]


def _with_harm(elsewhere: str, bad: int) -> tuple[str, ...]:
    return tuple("permutation" if place == bad else elsewhere for place in range(POSITIONS))
