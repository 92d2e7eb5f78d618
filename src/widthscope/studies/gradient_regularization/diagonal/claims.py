"""Claims of the family `diagonal`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
