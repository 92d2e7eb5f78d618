"""The claims of the family `coordinates`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
