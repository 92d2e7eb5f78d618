"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.limit_law.convergence.claims import CLAIMS as CONVERGENCE
from widthscope.studies.limit_law.scores.claims import CLAIMS as SCORES

CLAIMS: tuple[Claim, ...] = (
    *SCORES,
    *CONVERGENCE,
)
