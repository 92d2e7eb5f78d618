"""Claims of the family `breaking`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
