"""The claims of the family `transfer`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
