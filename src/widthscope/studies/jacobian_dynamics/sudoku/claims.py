"""The claims of the family `sudoku`: none so far."""

from widthscope.statistics.claims import Claim

CLAIMS: tuple[Claim, ...] = ()
