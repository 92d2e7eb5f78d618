"""Claims of the family `energy`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
