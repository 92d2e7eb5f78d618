"""Claims of the family `maps`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
