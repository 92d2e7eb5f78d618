"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.mup_second_order.coordinates.claims import CLAIMS as COORDINATES
from widthscope.studies.mup_second_order.damping.claims import CLAIMS as DAMPING
from widthscope.studies.mup_second_order.features.claims import CLAIMS as FEATURES
from widthscope.studies.mup_second_order.onestep.claims import CLAIMS as ONESTEP
from widthscope.studies.mup_second_order.transfer.claims import CLAIMS as TRANSFER
from widthscope.studies.mup_second_order.zero_init.claims import CLAIMS as ZERO_INIT

CLAIMS: tuple[Claim, ...] = (
    *ONESTEP,
    *ZERO_INIT,
    *DAMPING,
    *COORDINATES,
    *TRANSFER,
    *FEATURES,
)
