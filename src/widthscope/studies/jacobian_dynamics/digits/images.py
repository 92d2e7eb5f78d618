"""Images as tokens, and which of them each seed trains on, chooses by and is tested on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.errors import DataError
from widthscope.studies.jacobian_dynamics.networks.arms import rule_of
from widthscope.studies.jacobian_dynamics.networks.embedding import Patches
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.patches import cut
from widthscope.studies.jacobian_dynamics.networks.readout import Readout

BRIGHTEST = {"digits": 16, "cifar10": 255}
"""Largest value of a pixel."""

CLASSES = 10


@dataclass(frozen=True)
class Images:
    """Images cut into patches.

    Attributes:
        patches: (image, token, feature), uint8.
        labels: (image,), int64.
        tested: (image,), whether the dataset keeps the image for tests; None where it does not say.
        brightest: largest value of a pixel.
    """

    patches: Tensor
    labels: Tensor
    tested: Tensor | None
    brightest: int


@dataclass(frozen=True)
class Parts:
    """Which images each member trains on, chooses by and is tested on: numbers (member, place)."""

    train: Tensor
    validation: Tensor
    test: Tensor


def images_of(dataset: xr.Dataset, name: str, patch: int) -> Images:
    """The images of a prepared dataset, ``digits`` or ``cifar10``."""
    tested = torch.from_numpy(dataset["test"].values.astype(bool)) if "test" in dataset else None
    return Images(
        patches=torch.from_numpy(np.ascontiguousarray(cut(dataset["image"].values, patch))),
        labels=torch.from_numpy(dataset["label"].values.astype(np.int64)),
        tested=tested,
        brightest=BRIGHTEST[name],
    )


def parts_of(images: Images, generators: Sequence[torch.Generator], validation: int, test: int) -> Parts:
    """Each member's own parts, drawn from its stream; test images from those that the dataset keeps for it.

    Raises:
        DataError: if there are not enough images.
    """
    everything = torch.arange(len(images.labels))
    free = everything if images.tested is None else everything[~images.tested]
    kept = None if images.tested is None else everything[images.tested]
    needed = validation + (test if kept is None else 0)
    if needed >= len(free) or (kept is not None and test > len(kept)):
        raise DataError(
            f"{len(free)} images do not suffice for {validation} to choose by, {test} to test on and any to "
            "train on; ask for fewer"
        )
    rows = []
    for generator in generators:
        order = free[torch.randperm(len(free), generator=generator)]
        tests = order[:test] if kept is None else kept[torch.randperm(len(kept), generator=generator)[:test]]
        rest = order[test:] if kept is None else order
        rows.append((rest[validation:], rest[:validation], tests))
    return Parts(*(torch.stack(part) for part in zip(*rows, strict=True)))


def seen(patches: Tensor, brightest: int, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Inputs of a network: patches with pixels from -1 to 1."""
    return {"patches": patches.to(dtype) * (2 / brightest) - 1}


def network_of(settings: Mapping[str, Any], arm: str, tokens: int, features: int) -> Network:
    """The network of an arm, by `width` and `heads` of the settings."""
    embedding = Patches(tokens, features)
    return Network(
        rule_of(arm), settings["width"], settings["heads"], embedding, Readout(CLASSES, pooled=True)
    )
