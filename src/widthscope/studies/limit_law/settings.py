"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.limit_law.convergence.settings import Convergence
from widthscope.studies.limit_law.extensions.settings import Extensions
from widthscope.studies.limit_law.heads.settings import HeadCounts
from widthscope.studies.limit_law.mixture.settings import Mixture
from widthscope.studies.limit_law.scores.settings import Scores
from widthscope.studies.limit_law.tokens.settings import TokenGrams


class Settings(Section):
    """Sizes of every experiment on the infinite-width law of one attention layer."""

    scores: Scores = Scores()
    convergence: Convergence = Convergence()
    mixture: Mixture = Mixture()
    heads: HeadCounts = HeadCounts()
    tokens: TokenGrams = TokenGrams()
    extensions: Extensions = Extensions()
