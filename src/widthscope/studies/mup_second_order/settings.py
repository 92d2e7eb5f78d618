"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.mup_second_order.coordinates.settings import Coordinates
from widthscope.studies.mup_second_order.damping.settings import Damping
from widthscope.studies.mup_second_order.features.settings import Features
from widthscope.studies.mup_second_order.onestep.settings import Onestep
from widthscope.studies.mup_second_order.transfer.settings import Transfer
from widthscope.studies.mup_second_order.zero_init.settings import ZeroInit


class Settings(Section):
    """Sizes of every experiment on second-order optimisers whose hyper-parameters scale with the width."""

    onestep: Onestep = Onestep()
    zero_init: ZeroInit = ZeroInit()
    damping: Damping = Damping()
    coordinates: Coordinates = Coordinates()
    transfer: Transfer = Transfer()
    features: Features = Features()
