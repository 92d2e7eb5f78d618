"""The claims of the family `equilibrium`, with their margins."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
