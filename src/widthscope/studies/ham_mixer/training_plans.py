"""What plans of trainings on images have in common: sizes of networks, memory of images, seeds in pairs."""

import math
from collections.abc import Iterable
from typing import Literal

from widthscope.mixers.designs import Shape
from widthscope.studies.ham_mixer.trained_energy.settings import TrainedEnergy
from widthscope.studies.ham_mixer.training_settings import CLASSES, COLOURS, IMAGES, SIDES, Training

NUMBER_BYTES = {"digits": 8, "templates": 8, "cifar10": 1}
"""Of a pixel as the data set stores it."""


Sizes = Training | TrainedEnergy
"""Settings with the sizes of networks, and with the data set that they are trained on."""


def shape_of(sizes: Sizes, activation: Literal["gelu", "relu"], side: int | None = None) -> Shape:
    """Sizes of the networks.

    Args:
        sizes: settings.
        activation: of the hidden units.
        side: of the input, to which smaller images are interpolated; None for that of the images.
    """
    own = SIDES[sizes.dataset]
    return Shape(
        side=side or own,
        colours=COLOURS[sizes.dataset],
        patch=sizes.patch,
        channels=sizes.channels,
        token_hidden=sizes.token_hidden,
        channel_hidden=sizes.channel_hidden,
        blocks=sizes.blocks,
        activation=activation,
        upscale=side not in (None, own),
    )


def trained_shape(training: Training) -> Shape:
    """Sizes of the networks of a training, which has an activation and a side of its own."""
    return shape_of(training, training.activation, training.side)


def images_mb(sizes: Sizes, seeds: int) -> tuple[float, float]:
    """Memory of the images in MB: what is held all along, and what more while they are divided.

    The data set as it is stored and, in float32, each seed's own images are held; one seed's choice of them
    exists once more in either form until it is standardised.

    Args:
        sizes: settings.
        seeds: of which each has a division of its own.
    """
    pixels, stored = COLOURS[sizes.dataset] * SIDES[sizes.dataset] ** 2, NUMBER_BYTES[sizes.dataset]
    own = sizes.train + sizes.test
    whole = stored * IMAGES.get(sizes.dataset, own)
    return pixels * (whole + 4 * seeds * own) / 1e6, pixels * (stored + 4) * own / 1e6


def template_bounds(trainings: Iterable[Training]) -> dict[str, tuple[float, float]]:
    """What those on generated images need of these: enough of them, of the side and classes assumed here."""
    wanted = [one.train + one.test for one in trainings if one.dataset == "templates"]
    if not wanted:
        return {}
    side = SIDES["templates"]
    return {
        "templates.samples": (max(wanted), math.inf),
        "templates.side": (side, side),
        "templates.classes": (2, CLASSES),
    }


def in_pairs(seeds: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Two at a time; three at the end where one would be left over."""
    cut = [seeds[begin : begin + 2] for begin in range(0, len(seeds) - len(seeds) % 2, 2)]
    return [*cut[:-1], cut[-1] + seeds[-1:]] if cut and len(seeds) % 2 else cut or [seeds]
