"""Claims of the family `training`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
