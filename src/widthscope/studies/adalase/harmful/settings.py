"""Settings of the family `harmful`: one position's augmentation destroys labels."""

from pydantic import Field

from widthscope.studies.adalase.dense_settings import Images, Perceptrons, Seeds, Steps


class Harmful(Perceptrons):
    """A position at which augmentation destroys labels."""

    train: Images = Field(100, description="Images that are trained on.")
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
