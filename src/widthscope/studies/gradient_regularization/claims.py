"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.gradient_regularization.costs.claims import CLAIMS as COSTS
from widthscope.studies.gradient_regularization.diagonal.claims import CLAIMS as DIAGONAL
from widthscope.studies.gradient_regularization.differences.claims import CLAIMS as DIFFERENCES
from widthscope.studies.gradient_regularization.flatness.claims import CLAIMS as FLATNESS
from widthscope.studies.gradient_regularization.flooding.claims import CLAIMS as FLOODING
from widthscope.studies.gradient_regularization.label_noise.claims import CLAIMS as LABEL_NOISE
from widthscope.studies.gradient_regularization.stability.claims import CLAIMS as STABILITY

CLAIMS: tuple[Claim, ...] = (
    *DIFFERENCES,
    *COSTS,
    *FLOODING,
    *DIAGONAL,
    *LABEL_NOISE,
    *STABILITY,
    *FLATNESS,
)
