"""Claims of the family `spectra`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
