"""Settings of the family `flips`: an augmentation whose harm at each position is known in advance."""

from widthscope.studies.adalase.map_settings import Convolutions


class Flips(Convolutions):
    """Flips in a convolutional network: harmful at the input, nothing at all before the mean over places."""
