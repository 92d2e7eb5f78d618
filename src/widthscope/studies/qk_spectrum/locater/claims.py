"""Claims of the family `locater`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
