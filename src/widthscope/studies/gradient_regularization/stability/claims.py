"""Claims of the family `stability`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
