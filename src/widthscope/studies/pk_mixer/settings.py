"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.pk_mixer.identities.settings import Identities
from widthscope.studies.pk_mixer.similarity.settings import Similarity
from widthscope.studies.pk_mixer.sparsity.settings import Sparsity
from widthscope.studies.pk_mixer.spectra.settings import Spectra
from widthscope.studies.pk_mixer.width.settings import Width


class Settings(Section):
    """Sizes of every experiment on mixers as wide and sparse networks."""

    identities: Identities = Identities()
    spectra: Spectra = Spectra()
    sparsity: Sparsity = Sparsity()
    width: Width = Width()
    similarity: Similarity = Similarity()
