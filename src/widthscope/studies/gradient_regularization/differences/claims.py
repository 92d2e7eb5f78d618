"""Claims of the family `differences`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
