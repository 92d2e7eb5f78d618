"""Claims of the family `digits`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
