"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.attention_paths.exact.settings import Exact
from widthscope.studies.attention_paths.hidden_markov.settings import HiddenMarkov
from widthscope.studies.attention_paths.limits.settings import Limits
from widthscope.studies.attention_paths.one_shot.settings import OneShot
from widthscope.studies.attention_paths.sampling.settings import Sampling


class Settings(Section):
    """Sizes of every experiment on the statistical mechanics of attention paths."""

    limits: Limits = Limits()
    exact: Exact = Exact()
    sampling: Sampling = Sampling()
    hidden_markov: HiddenMarkov = HiddenMarkov()
    one_shot: OneShot = OneShot()
