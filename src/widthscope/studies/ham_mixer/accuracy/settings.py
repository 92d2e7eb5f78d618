"""Settings of the family `accuracy`: what symmetric couplings cost in image recognition."""

from typing import Literal

from pydantic import Field

from widthscope.settings_types import Count, Section
from widthscope.studies.ham_mixer.training_settings import Training


class Templates(Training):
    """A short training on generated images."""

    dataset: Literal["templates"] = Field("templates", description="Generated images, and no others.")
    train: Count = Field(300, description="Images trained on, another choice for each seed.")
    blocks: Count = Field(2, description="Blocks L.")
    epochs: Count = Field(10, description="Passes over the training images.")
    batch: Count = Field(50, description="Images of a step.")
    seeds: Count = Field(9, ge=3, description="Seeds of split, initial weights and order of batches.")


class Accuracy(Section):
    """Accuracy of mixers with free, symmetric and anti-symmetric couplings."""

    main: Training = Training()
    permutations: Count = Field(
        20, ge=2, description="Permutations of hidden units that show what alignments chance gives."
    )
    templates: Templates = Templates()
