"""The images of each seed: trained on, to choose by, and to report on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.image_splits import ROWS, split
from widthscope.streams import torch_generator

PURPOSE = ("attnbm", "digits")


@dataclass(frozen=True)
class Parts:
    """Images of all seeds, (seed, example, pixel), float32: deviation 1 over all pixels, and the mean of the
    training images taken off.

    Attributes:
        train, validation, test: disjoint.
    """

    train: Tensor
    validation: Tensor
    test: Tensor


def parts_of(settings: Mapping[str, Any], dataset: xr.Dataset, device: str = "cpu") -> Parts:
    """Each seed's parts, from a stream of its own: the same for every machine that is trained.

    Args:
        settings: `seed`, `seeds`, and the sizes `train`, `validation` and `test`.
        dataset: ``image`` (sample, row, col), or (sample, channel, row, col), whose channels are averaged;
            where it has ``test`` (sample), true for the images it keeps for tests, the part to report on is
            of these alone, and no other.
        device: where the images go.
    """
    images, labels = (torch.as_tensor(dataset[name].values) for name in ("image", "label"))
    if "channel" in dataset["image"].dims:
        channel = dataset["image"].dims.index("channel")
        firsts = range(0, len(images), ROWS)
        images = torch.cat([images[first : first + ROWS].float().mean(dim=channel) for first in firsts])
    held_out = torch.as_tensor(dataset["test"].values) if "test" in dataset else None
    sizes = [settings[name] for name in ("train", "validation", "test")]
    found: list[list[Tensor]] = []
    for seed in range(settings["seeds"]):
        generator = torch_generator(*PURPOSE, "split", settings["seed"], seed)
        pixels = [
            part.pixels.flatten(1) for part in split(images, labels, sizes, generator, held_out=held_out)
        ]
        mean = pixels[0].double().mean(dim=0).float()
        found.append([part - mean for part in pixels])
    train, validation, test = (torch.stack(each).to(device) for each in zip(*found, strict=True))
    return Parts(train, validation, test)
