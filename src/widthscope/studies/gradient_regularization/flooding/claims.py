"""Claims of the family `flooding`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
