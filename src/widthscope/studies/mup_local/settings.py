"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.mup_local.coordinates.settings import Coordinates
from widthscope.studies.mup_local.equilibrium.settings import Equilibrium
from widthscope.studies.mup_local.gradients.settings import Gradients
from widthscope.studies.mup_local.interpolation.settings import Interpolation
from widthscope.studies.mup_local.onestep.settings import Onestep
from widthscope.studies.mup_local.targets.settings import Targets
from widthscope.studies.mup_local.transfer.settings import Transfer


class Settings(Section):
    """Sizes of every experiment on predictive coding and target propagation."""

    equilibrium: Equilibrium = Equilibrium()
    gradients: Gradients = Gradients()
    interpolation: Interpolation = Interpolation()
    onestep: Onestep = Onestep()
    coordinates: Coordinates = Coordinates()
    transfer: Transfer = Transfer()
    targets: Targets = Targets()
