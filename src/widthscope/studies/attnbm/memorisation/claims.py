"""Claims of the family `memorisation`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
