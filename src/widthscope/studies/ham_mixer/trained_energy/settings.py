"""Settings of the family `trained_energy`: energies of blocks that were trained to recognise images."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Level, Section
from widthscope.studies.ham_mixer.training_settings import SIDES, check_parts


class TrainedEnergy(Section):
    """Whether trained blocks lower the energy of their forward matrices when they are repeated."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    patch: Count = Field(2, description="Pixels along each side of a patch, which becomes a token.")
    channels: Count = Field(32, ge=2, description="Channels C of a token.")
    token_hidden: Count = Field(32, description="Hidden units Hs that mix tokens.")
    channel_hidden: Count = Field(64, description="Hidden units Hc that mix channels.")
    blocks: Count = Field(2, description="Blocks L, of which the first is applied again and again.")
    activations: Distinct[Literal["relu", "gelu"]] = Field(
        ("relu", "gelu"), min_length=2, description="Activations of the hidden units; both are judged."
    )
    train: Count = Field(700, description="Images trained on, another choice for each seed.")
    test: Count = Field(60, description="Images whose states the block is applied to; none is trained on.")
    epochs: Count = Field(10, description="Passes over the training images.")
    batch: Count = Field(100, description="Images of a step.")
    rate: Annotated[float, Field(gt=0, le=1)] = Field(1e-2, description="Largest learning rate of AdamW.")
    warm_up: Level = Field(0.1, description="Share of the steps in which the rate rises; then it falls.")
    weight_decay: Annotated[float, Field(ge=0, le=1)] = Field(0.05, description="Weight decay of AdamW.")
    seeds: Count = Field(5, ge=3, description="Seeds of split, initial weights and order of batches.")
    iterations: Count = Field(20, ge=2, description="Applications of the block.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        check_parts(self.dataset, self.train, self.test)
        side = SIDES[self.dataset]
        if self.batch > self.train:
            raise ValueError(
                f"batch is {self.batch} and train is {self.train}: a step's images are of those trained on, "
                "so that batch must be at most train"
            )
        if side % self.patch:
            raise ValueError(f"patches of side {self.patch} do not tile images of side {side}")
        return self
