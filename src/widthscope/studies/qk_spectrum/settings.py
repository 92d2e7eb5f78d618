"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.qk_spectrum.collapse.settings import Collapse
from widthscope.studies.qk_spectrum.loader.settings import Loader
from widthscope.studies.qk_spectrum.locater.settings import Locater
from widthscope.studies.qk_spectrum.spectrum.settings import Spectrum
from widthscope.studies.qk_spectrum.training.settings import Training
from widthscope.studies.qk_spectrum.walks.settings import Walks


class Settings(Section):
    """Sizes of every experiment on the spectra of query-key matrices."""

    spectrum: Spectrum = Spectrum()
    walks: Walks = Walks()
    collapse: Collapse = Collapse()
    loader: Loader = Loader()
    training: Training = Training()
    locater: Locater = Locater()
