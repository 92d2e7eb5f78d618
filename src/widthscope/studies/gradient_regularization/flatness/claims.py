"""Claims of the family `flatness`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
