"""What is trained in the coordinate checks: rows by name, and how each is trained. No Torch here."""

from dataclasses import dataclass

GAMMAS = ("0", "1")
"""Suffixes of rows with gamma_bar = 0 and -1."""

INFERENCES = {"si_fpa": "fixed predictions", "si": "one pass", "eq": "equilibrium"}
"""Ways to infer by the rows' names, in words."""


@dataclass(frozen=True)
class Case:
    """How a row is trained.

    Attributes:
        rate: name of the setting with its learning rate.
        equilibrium: whether the inference goes to the equilibrium: narrower networks, fewer steps.
    """

    rate: str
    equilibrium: bool = False


CASES: dict[str, Case] = {
    **{f"{kind}-{gamma}": Case("rate", kind == "eq") for kind in INFERENCES for gamma in GAMMAS},
    "si-half": Case("rate"),
    "si-1-sgd": Case("control_rate"),
    "si_fpa-sp": Case("control_rate"),
    "si-sp": Case("control_rate"),
    "eq-ntk": Case("control_rate", equilibrium=True),
    "dtp": Case("target_rate"),
    "dtp-sp": Case("target_control_rate"),
}
"""Every row that is trained."""
