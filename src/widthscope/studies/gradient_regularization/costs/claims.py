"""Claims of the family `costs`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
