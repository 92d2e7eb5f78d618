"""How many images the data sets of images have, and how large they are, for settings and plans.

Read at every parse of the Snakefile: nothing here may import numpy, torch or xarray.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class ImageSizes:
    """Of one data set.

    Attributes:
        title: in sentences, as in "the digits have".
        images: in all; None where they are generated, as many as the settings of the data set say.
        kept: of these, the images that the data set itself keeps for tests; 0 where one set serves both.
        side: pixels along each side.
        colours: channels.
        classes: of the labels.
    """

    title: str
    images: int | None
    kept: int
    side: int
    colours: int
    classes: int

    @property
    def pixels(self) -> int:
        """Numbers of one image, over all colours."""
        return self.colours * self.side**2

    @property
    def trainable(self) -> int | None:
        """Images that may be trained on; None where there is no limit."""
        return None if self.images is None else self.images - self.kept


IMAGE_SIZES: Mapping[str, ImageSizes] = MappingProxyType(
    {
        "digits": ImageSizes("the digits", images=1797, kept=0, side=8, colours=1, classes=10),
        "templates": ImageSizes("the templates", images=None, kept=0, side=8, colours=1, classes=10),
        "cifar10": ImageSizes("cifar10", images=60_000, kept=10_000, side=32, colours=3, classes=10),
        "cifar100": ImageSizes("cifar100", images=60_000, kept=10_000, side=32, colours=3, classes=100),
    }
)
"""By the names of the catalogue; the templates' side and classes are those that they have unless set."""


def stored_images(dataset: str) -> int:
    """Images of a data set that has a fixed number of them.

    Raises:
        ValueError: if it is generated.
    """
    images = IMAGE_SIZES[dataset].images
    if images is None:
        raise ValueError(f"{dataset} are generated, as many as their settings say")
    return images


def trainable_images(dataset: str) -> int:
    """Of these, the images that may be trained on; errors as in `stored_images`."""
    return stored_images(dataset) - IMAGE_SIZES[dataset].kept


def check_parts(dataset: str, train: int, test: int) -> None:
    """Refuse parts that a data set has too few images for; any are let through where it is generated.

    Args:
        dataset: name in the catalogue.
        train, test: images trained on and tested on, which must differ.

    Raises:
        ValueError: if there are too few, in one sentence.
    """
    sizes = IMAGE_SIZES[dataset]
    if sizes.images is None or sizes.trainable is None:
        return
    if not sizes.kept and train + test > sizes.images:
        raise ValueError(
            f"{train} images to train on and {test} to test on are {train + test}; {sizes.title} have "
            f"{sizes.images}"
        )
    if sizes.kept and (train > sizes.trainable or test > sizes.kept):
        raise ValueError(
            f"{sizes.title} has {sizes.trainable} images to train on and {sizes.kept} to test on, not "
            f"{train} and {test}"
        )


def check_batch(batch: int, train: int) -> None:
    """Refuse minibatches that are larger than what is trained on.

    Raises:
        ValueError: if they are, in one sentence.
    """
    if batch > train:
        raise ValueError(f"a batch of {batch} needs as many images, not {train}")
