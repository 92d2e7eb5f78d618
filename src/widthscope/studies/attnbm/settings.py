"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.attnbm.digits.settings import Digits
from widthscope.studies.attnbm.identities.settings import Identities
from widthscope.studies.attnbm.memorisation.settings import Memorisation
from widthscope.studies.attnbm.mixtures.settings import Mixtures


class Settings(Section):
    """Sizes of every experiment on attentional Boltzmann machines."""

    identities: Identities = Identities()
    mixtures: Mixtures = Mixtures()
    memorisation: Memorisation = Memorisation()
    digits: Digits = Digits()
