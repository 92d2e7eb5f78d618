"""Claims of the family `loader`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
