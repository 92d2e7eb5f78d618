"""The claims of the family `transfer`, with their margins."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
