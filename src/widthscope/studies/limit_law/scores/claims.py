"""The claims about the laws of the score matrices."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
