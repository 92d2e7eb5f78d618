"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.mup_local.coordinates.claims import CLAIMS as COORDINATES
from widthscope.studies.mup_local.equilibrium.claims import CLAIMS as EQUILIBRIUM
from widthscope.studies.mup_local.gradients.claims import CLAIMS as GRADIENTS
from widthscope.studies.mup_local.interpolation.claims import CLAIMS as INTERPOLATION
from widthscope.studies.mup_local.onestep.claims import CLAIMS as ONESTEP
from widthscope.studies.mup_local.targets.claims import CLAIMS as TARGETS
from widthscope.studies.mup_local.transfer.claims import CLAIMS as TRANSFER

CLAIMS: tuple[Claim, ...] = (
    *EQUILIBRIUM,
    *GRADIENTS,
    *INTERPOLATION,
    *ONESTEP,
    *COORDINATES,
    *TRANSFER,
    *TARGETS,
)
