"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.ham_mixer.accuracy.claims import CLAIMS as ACCURACY
from widthscope.studies.ham_mixer.breaking.claims import CLAIMS as BREAKING
from widthscope.studies.ham_mixer.denoise.claims import CLAIMS as DENOISE
from widthscope.studies.ham_mixer.energy.claims import CLAIMS as ENERGY
from widthscope.studies.ham_mixer.trained_energy.claims import CLAIMS as TRAINED_ENERGY

CLAIMS: tuple[Claim, ...] = (
    *ENERGY,
    *DENOISE,
    *TRAINED_ENERGY,
    *ACCURACY,
    *BREAKING,
)
