"""The claims of the family `coordinates`, with their margins."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
