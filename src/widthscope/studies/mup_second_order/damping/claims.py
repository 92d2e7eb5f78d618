"""The claims of the family `damping`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
