"""The claims of the family `chaos`: none so far."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
