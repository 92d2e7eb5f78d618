"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.jacobian_dynamics.algorithms.settings import Algorithms
from widthscope.studies.jacobian_dynamics.chaos.settings import Chaos
from widthscope.studies.jacobian_dynamics.digits.settings import Digits
from widthscope.studies.jacobian_dynamics.energy.settings import Energy
from widthscope.studies.jacobian_dynamics.normalisation.settings import Normalisation
from widthscope.studies.jacobian_dynamics.sudoku.settings import Sudoku
from widthscope.studies.jacobian_dynamics.width.settings import WidthLaws


class Settings(Section):
    """Sizes of every experiment on the Jacobians of recurrent self-attention."""

    energy: Energy = Energy()
    normalisation: Normalisation = Normalisation()
    width: WidthLaws = WidthLaws()
    chaos: Chaos = Chaos()
    algorithms: Algorithms = Algorithms()
    digits: Digits = Digits()
    sudoku: Sudoku = Sudoku()
