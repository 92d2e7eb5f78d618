"""Claims of the family `spectrum`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
