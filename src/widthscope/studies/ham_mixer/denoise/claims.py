"""Claims of the family `denoise`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
