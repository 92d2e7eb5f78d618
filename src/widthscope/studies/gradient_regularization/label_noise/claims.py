"""Claims of the family `label_noise`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
