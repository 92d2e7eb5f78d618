"""The claims of the family `zero_init`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
