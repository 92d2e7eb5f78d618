"""Claims of the family `width`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
