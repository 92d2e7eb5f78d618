"""Settings of the study: one section per family of claims, with the sizes of a laptop run as defaults."""

from widthscope.settings_types import Section
from widthscope.studies.adalase.comparison.settings import Comparison
from widthscope.studies.adalase.dense.settings import Dense
from widthscope.studies.adalase.flips.settings import Flips
from widthscope.studies.adalase.harmful.settings import Harmful
from widthscope.studies.adalase.maps.settings import Maps
from widthscope.studies.adalase.rule.settings import Rule


class Settings(Section):
    """Sizes of every experiment on adaptive feature augmentation."""

    rule: Rule = Rule()
    harmful: Harmful = Harmful()
    dense: Dense = Dense()
    flips: Flips = Flips()
    maps: Maps = Maps()
    comparison: Comparison = Comparison()
