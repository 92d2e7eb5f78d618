"""Settings of the family `breaking`: how symmetric couplings become, are kept, or cease to be in training."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Section
from widthscope.studies.ham_mixer.training_settings import Training

Penalty = Annotated[float, Field(ge=0)]


class BreakingTraining(Training):
    """Sizes of the networks and of their training, which is short: there are many penalties."""

    blocks: Count = Field(2, description="Blocks L.")
    epochs: Count = Field(
        12,
        ge=2,
        description="Passes over the training images; growth is measured from the first to the last.",
    )
    seeds: Count = Field(16, ge=3, description="Seeds of split, initial weights and order of batches.")


class Breaking(Section):
    """Symmetry through training."""

    training: BreakingTraining = BreakingTraining()
    penalties: Increasing[Penalty] = Field(
        (0.0, 1e-3, 1e-2, 1.0),
        min_length=2,
        description="Factors lambda of the squared norms of what is added to the transposes; the first is 0. "
        "What is added to minus the transposes gets the first and the last two.",
    )
    gradient_images: Count = Field(
        700, description="Training images over which gradients at tied couplings are averaged."
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> Self:
        if self.penalties[0] != 0:
            raise ValueError(f"penalties begin with {self.penalties[0]}, and the first must be 0")
        if self.gradient_images > self.training.train:
            raise ValueError(
                f"gradient_images {self.gradient_images} exceeds the {self.training.train} images of training"
            )
        return self
