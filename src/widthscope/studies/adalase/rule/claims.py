"""Claims of the family `rule`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
