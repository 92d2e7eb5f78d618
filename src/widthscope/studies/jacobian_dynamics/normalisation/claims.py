"""The claims of the family `normalisation`: none so far."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
