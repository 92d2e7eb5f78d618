"""Claims of the family `flips`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
