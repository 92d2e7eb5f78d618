"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.attnbm.digits.claims import CLAIMS as DIGITS
from widthscope.studies.attnbm.identities.claims import CLAIMS as IDENTITIES
from widthscope.studies.attnbm.memorisation.claims import CLAIMS as MEMORISATION
from widthscope.studies.attnbm.mixtures.claims import CLAIMS as MIXTURES

CLAIMS: tuple[Claim, ...] = (
    *IDENTITIES,
    *MIXTURES,
    *MEMORISATION,
    *DIGITS,
)
