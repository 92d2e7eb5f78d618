"""Every claim of the study, in the order of the report."""

from widthscope.statistics.claims import Claim
from widthscope.studies.jacobian_dynamics.algorithms.claims import CLAIMS as ALGORITHMS
from widthscope.studies.jacobian_dynamics.chaos.claims import CLAIMS as CHAOS
from widthscope.studies.jacobian_dynamics.digits.claims import CLAIMS as DIGITS
from widthscope.studies.jacobian_dynamics.energy.claims import CLAIMS as ENERGY
from widthscope.studies.jacobian_dynamics.normalisation.claims import CLAIMS as NORMALISATION
from widthscope.studies.jacobian_dynamics.sudoku.claims import CLAIMS as SUDOKU
from widthscope.studies.jacobian_dynamics.width.claims import CLAIMS as WIDTH

CLAIMS: tuple[Claim, ...] = (
    *ENERGY,
    *NORMALISATION,
    *WIDTH,
    *CHAOS,
    *ALGORITHMS,
    *DIGITS,
    *SUDOKU,
)
