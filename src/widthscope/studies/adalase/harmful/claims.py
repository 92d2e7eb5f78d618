"""Claims of the family `harmful`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
