"""What is trained to tell the regimes of target propagation: rows by name, and how. No Torch here."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """How a row is trained; the readout stands still in all.

    Attributes:
        row: of `arms.ROWS`.
        several: whether for several steps; else for one.
        tied: whether the last feedback map is tied to the readout.
        learned: whether the feedback maps learn, before the weights and beside them; at fewer widths.
    """

    row: str
    several: bool = False
    tied: bool = False
    learned: bool = False


CASES: dict[str, Case] = {
    "dtp": Case("dtp"),
    "dtp-several": Case("dtp", several=True),
    "dtp-learned": Case("dtp", several=True, learned=True),
    "dtp-tied": Case("dtp", tied=True),
    "dtp-readout-1": Case("dtp-readout-1"),
    "dtp-slowed": Case("dtp-slowed"),
    "bp-ntk": Case("bp-ntk"),
    "bp-features": Case("bp-features"),
}
"""Every case that is trained."""
