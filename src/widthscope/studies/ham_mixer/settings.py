"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.ham_mixer.accuracy.settings import Accuracy
from widthscope.studies.ham_mixer.breaking.settings import Breaking
from widthscope.studies.ham_mixer.denoise.settings import Denoise
from widthscope.studies.ham_mixer.energy.settings import Energy
from widthscope.studies.ham_mixer.trained_energy.settings import TrainedEnergy


class Settings(Section):
    """Sizes of every experiment on hierarchical associative memories and symmetric mixers."""

    energy: Energy = Energy()
    denoise: Denoise = Denoise()
    trained_energy: TrainedEnergy = TrainedEnergy()
    accuracy: Accuracy = Accuracy()
    breaking: Breaking = Breaking()
