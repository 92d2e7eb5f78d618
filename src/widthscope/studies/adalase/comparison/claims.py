"""Claims of the family `comparison`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
