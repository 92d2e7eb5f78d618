"""Settings that perceptrons trained with policies share."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import check_batch, check_parts
from widthscope.settings_types import Count, Section
from widthscope.studies.adalase.ratio_settings import Least, RatioRate

FEWEST_IMAGES = 20
FEWEST_SEEDS = 3
MOST_WIDTH = 2**13

Images = Annotated[int, Field(ge=FEWEST_IMAGES, le=50_000)]
Rate = Annotated[float, Field(gt=0, le=10)]
Seeds = Annotated[int, Field(ge=FEWEST_SEEDS, le=1000)]
Momentum = Annotated[float, Field(gt=0, lt=1)]
Decay = Annotated[float, Field(ge=0, le=1)]
Steps = Annotated[int, Field(ge=4, le=10**6)]
Units = Annotated[int, Field(ge=2, le=MOST_WIDTH)]


class Perceptrons(Section):
    """Networks with two hidden layers, and how they and their ratios learn."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    width: Units = Field(64, description="Units of each of the two hidden layers.")
    test: Images = Field(1390, description="Images that are tested on.")
    batch: Count = Field(32, ge=2, description="Images in a minibatch.")
    steps: Steps = Field(400, description="Updates.")
    validation: Count = Field(
        100,
        description="Images of the pseudo-validation batch; all that are trained on where those are fewer.",
    )
    rate: Rate = Field(0.05, description="Learning rate of SGD at its start, of a cosine.")
    momentum: Momentum = Field(0.9, description="Nesterov's momentum.")
    weight_decay: Decay = Field(5e-4, description="Weight decay.")
    ratio_rate: RatioRate = Field(0.1, description="Step of the ratio update, eta.")
    least: Least = Field(0.1, description="Sum of the smallest ratios that the positions may have, delta.")
    seeds: Seeds = Field(24, description="Independent seeds, each with a split of its own.")

    @property
    def most_trained(self) -> int:
        """Images of the largest training set."""
        raise NotImplementedError

    @property
    def fewest_trained(self) -> int:
        """Images of the smallest training set."""
        raise NotImplementedError

    @model_validator(mode="after")
    def _images_suffice(self) -> Self:
        check_batch(self.batch, self.fewest_trained)
        check_parts(self.dataset, self.most_trained, self.test)
        return self
