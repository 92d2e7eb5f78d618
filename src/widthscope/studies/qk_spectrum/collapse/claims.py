"""Claims of the family `collapse`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
