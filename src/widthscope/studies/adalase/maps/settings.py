"""Settings of the family `maps`: augmentations whose best position is not known in advance."""

from pydantic import Field, model_validator

from widthscope.studies.adalase.map_settings import Convolutions, Seeds
from widthscope.studies.adalase.ratio_settings import RatioRate


class Maps(Convolutions):
    """Translation, cutout and mixup in a convolutional network."""

    translation_rate: RatioRate = Field(
        0.3, description="Step of the ratio update for translation, at least that of the others."
    )
    seeds: Seeds = Field(8, description="Independent seeds, each with a split of its own.")

    @model_validator(mode="after")
    def _translation_is_no_slower(self) -> "Maps":
        if self.translation_rate < self.ratio_rate:
            raise ValueError(
                f"translation_rate {self.translation_rate:g} must be at least ratio_rate, "
                f"{self.ratio_rate:g}: one cell changes little, and its ratios move slowly as it is"
            )
        return self
