"""Settings of the family `maps`: augmentations whose best position is not known in advance."""

from pydantic import Field

from widthscope.settings_types import Positive
from widthscope.studies.adalase.map_settings import Convolutions, Seeds


class Maps(Convolutions):
    """Translation, cutout and mixup in a convolutional network."""

    translation_rate: Positive = Field(0.3, description="Step of the ratio update for translation.")
    seeds: Seeds = Field(8, description="Independent seeds, each with a split of its own.")
