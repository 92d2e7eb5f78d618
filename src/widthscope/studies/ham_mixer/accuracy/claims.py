"""Claims of the family `accuracy`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
