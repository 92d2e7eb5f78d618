"""Claims of the family `mixtures`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
