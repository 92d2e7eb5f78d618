"""Moments that layers of a batch-normalised network use: a batch's own, or those of a whole set of images.

A network asks for them by the layer's name, `normalise(name, x) -> Moments`. For tests pass the training
images through it with `Population`, a batch at a time, and then let `population.moments` answer. Deeper
layers see activations that were normalised batch by batch, as in training.
"""

from collections.abc import Callable

from torch import Tensor

from widthscope.models.convolution import Moments, moments

Normalise = Callable[[str, Tensor], Moments | None]
"""Moments for a layer's input, by the layer's name; None for the input's own, which needs half the time."""


def of_batch(name: str, x: Tensor) -> None:
    """The batch's own moments."""


class Population:
    """Moments of every layer over all batches that passed; a `Normalise` that uses each batch's own."""

    def __init__(self) -> None:
        self._sums: dict[str, tuple[float, Tensor, Tensor]] = {}

    def __call__(self, name: str, x: Tensor) -> None:
        """Use the batch's moments at this layer and remember them; a batch counts by its number of images."""
        own, count = moments(x), x.shape[1]
        mean = own.mean.detach().double()
        square = own.variance.detach().double() + mean.square()
        total, means, squares = self._sums.get(name, (0.0, 0.0 * mean, 0.0 * square))
        self._sums[name] = (total + count, means + count * mean, squares + count * square)

    def moments(self, name: str, x: Tensor) -> Moments:
        """Mean and variance over all images that passed; a `Normalise`.

        Raises:
            KeyError: if none passed the layer.
        """
        total, means, squares = self._sums[name]
        mean = means / total
        variance = (squares / total - mean.square()).clamp(min=0)
        return Moments(mean.to(x), variance.to(x))
