"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.qk_spectrum.collapse.claims import CLAIMS as COLLAPSE
from widthscope.studies.qk_spectrum.loader.claims import CLAIMS as LOADER
from widthscope.studies.qk_spectrum.locater.claims import CLAIMS as LOCATER
from widthscope.studies.qk_spectrum.spectrum.claims import CLAIMS as SPECTRUM
from widthscope.studies.qk_spectrum.training.claims import CLAIMS as TRAINING
from widthscope.studies.qk_spectrum.walks.claims import CLAIMS as WALKS

CLAIMS: tuple[Claim, ...] = (
    *SPECTRUM,
    *WALKS,
    *COLLAPSE,
    *LOADER,
    *TRAINING,
    *LOCATER,
)
