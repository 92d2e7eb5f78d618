"""The claims of the family `digits`: none so far."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
