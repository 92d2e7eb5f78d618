"""Claims of the family `walks`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
