"""Claims of the family `similarity`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
