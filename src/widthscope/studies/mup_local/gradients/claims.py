"""The claims of the family `gradients`, with their margins."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
