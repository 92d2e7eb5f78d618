"""Settings of the family `dense`: operations on flat features, which help or harm by their position."""

from pydantic import Field, model_validator

from widthscope.settings_types import Increasing
from widthscope.studies.adalase.dense_settings import Images, Perceptrons


class Dense(Perceptrons):
    """Augmentation of flat features."""

    train: Increasing[Images] = Field(
        (50, 100, 400), min_length=2, description="Images that networks are trained on with mixup."
    )
    others_train: Images = Field(
        100, description="Images that networks are trained on with cutout and with noise; one of `train`."
    )

    @property
    def most_trained(self) -> int:
        """Images of the largest training set."""
        return self.train[-1]

    @property
    def fewest_trained(self) -> int:
        """Images of the smallest training set."""
        return self.train[0]

    @model_validator(mode="after")
    def _others_are_among_them(self) -> "Dense":
        if self.others_train not in self.train:
            raise ValueError(f"others_train {self.others_train} must be one of train, {self.train}")
        return self
