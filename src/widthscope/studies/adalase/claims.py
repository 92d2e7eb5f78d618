"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.adalase.comparison.claims import CLAIMS as COMPARISON
from widthscope.studies.adalase.dense.claims import CLAIMS as DENSE
from widthscope.studies.adalase.flips.claims import CLAIMS as FLIPS
from widthscope.studies.adalase.harmful.claims import CLAIMS as HARMFUL
from widthscope.studies.adalase.maps.claims import CLAIMS as MAPS
from widthscope.studies.adalase.rule.claims import CLAIMS as RULE

CLAIMS: tuple[Claim, ...] = (
    *RULE,
    *HARMFUL,
    *DENSE,
    *FLIPS,
    *MAPS,
    *COMPARISON,
)
