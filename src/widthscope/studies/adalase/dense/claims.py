"""Claims of the family `dense`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
