"""Settings of the family `flips`: an augmentation whose harm at each position is known in advance."""

from pydantic import Field

from widthscope.settings_types import Positive
from widthscope.studies.adalase.map_settings import Convolutions


class Flips(Convolutions):
    """Flips in a convolutional network: harmful at the input, nothing at all before the mean over places."""

    fast_rate: Positive = Field(0.3, description="A larger step of the ratio update, tried beside it.")
