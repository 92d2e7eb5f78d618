"""Claims of the family `sparsity`."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
