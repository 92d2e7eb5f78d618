"""The claims of the family `energy`: none so far."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
