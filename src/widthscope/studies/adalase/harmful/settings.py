"""Settings of the family `harmful`: one position's augmentation destroys labels."""

from pydantic import Field, model_validator

from widthscope.settings_types import Count
from widthscope.studies.adalase.dense_settings import Images, Perceptrons, Seeds, Steps


class Harmful(Perceptrons):
    """A position at which augmentation destroys labels."""

    train: Images = Field(100, description="Images that are trained on.")
    validation: Count = Field(100, description="Images of the pseudo-validation batch.")
    steps: Steps = Field(300, description="Updates.")
    seeds: Seeds = Field(16, description="Independent seeds, each with a split of its own.")

    @property
    def most_trained(self) -> int:
        """Images of the training set."""
        return self.train

    @property
    def fewest_trained(self) -> int:
        """Images of the training set."""
        return self.train

    @model_validator(mode="after")
    def _validation_is_of_what_is_trained_on(self) -> "Harmful":
        if self.validation > self.train:
            raise ValueError(
                f"validation {self.validation} needs as many images to train on, not {self.train}"
            )
        return self
