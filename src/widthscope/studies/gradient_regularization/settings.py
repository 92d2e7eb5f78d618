"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.gradient_regularization.costs.settings import Costs
from widthscope.studies.gradient_regularization.diagonal.settings import Diagonal
from widthscope.studies.gradient_regularization.differences.settings import Differences
from widthscope.studies.gradient_regularization.flatness.settings import Flatness
from widthscope.studies.gradient_regularization.flooding.settings import Flooding
from widthscope.studies.gradient_regularization.label_noise.settings import LabelNoise
from widthscope.studies.gradient_regularization.stability.settings import Stability


class Settings(Section):
    """Sizes of every experiment on gradient regularisation."""

    differences: Differences = Differences()
    costs: Costs = Costs()
    flooding: Flooding = Flooding()
    diagonal: Diagonal = Diagonal()
    label_noise: LabelNoise = LabelNoise()
    stability: Stability = Stability()
    flatness: Flatness = Flatness()
