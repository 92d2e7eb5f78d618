"""Claims of the family `trained_energy`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
