"""The claims about the rate at which the output law converges."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
