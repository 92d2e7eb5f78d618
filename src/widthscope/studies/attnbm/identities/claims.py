"""Claims of the family `identities`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
