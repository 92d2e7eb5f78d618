"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.limit_law.convergence.claims import CLAIMS as CONVERGENCE
from widthscope.studies.limit_law.extensions.claims import CLAIMS as EXTENSIONS
from widthscope.studies.limit_law.heads.claims import CLAIMS as HEADS
from widthscope.studies.limit_law.mixture.claims import CLAIMS as MIXTURE
from widthscope.studies.limit_law.scores.claims import CLAIMS as SCORES
from widthscope.studies.limit_law.tokens.claims import CLAIMS as TOKENS

CLAIMS: tuple[Claim, ...] = (
    *SCORES,
    *CONVERGENCE,
    *MIXTURE,
    *HEADS,
    *TOKENS,
    *EXTENSIONS,
)
