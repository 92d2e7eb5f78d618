"""The claims of the family `interpolation`, with their margins."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
