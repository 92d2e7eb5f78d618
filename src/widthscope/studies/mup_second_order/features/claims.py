"""The claims of the family `features`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
