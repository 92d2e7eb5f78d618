"""The claims of the family `onestep`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
