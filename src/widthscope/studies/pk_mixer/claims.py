"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.pk_mixer.identities.claims import CLAIMS as IDENTITIES
from widthscope.studies.pk_mixer.similarity.claims import CLAIMS as SIMILARITY
from widthscope.studies.pk_mixer.sparsity.claims import CLAIMS as SPARSITY
from widthscope.studies.pk_mixer.spectra.claims import CLAIMS as SPECTRA
from widthscope.studies.pk_mixer.width.claims import CLAIMS as WIDTH

CLAIMS: tuple[Claim, ...] = (
    *IDENTITIES,
    *SPECTRA,
    *SPARSITY,
    *WIDTH,
    *SIMILARITY,
)
