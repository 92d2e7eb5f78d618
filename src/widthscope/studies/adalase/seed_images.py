"""Images of every seed: each has a split of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import xarray as xr

from widthscope.datasets.image_splits import Images, split
from widthscope.streams import Name, torch_generator
from widthscope.studies.adalase.arms import Recipe


@dataclass(frozen=True)
class SeedImages:
    """Images of every seed: (seed, example, C, H, W) float32 and (seed, example) int64."""

    train: Images
    test: Images


def images_of(
    dataset: xr.Dataset, recipe: Recipe, seeds: Sequence[int], purpose: tuple[Name, ...]
) -> SeedImages:
    """Each seed's own split, standardised by what it trains on.

    Raises:
        DataError: if there are fewer images, or those trained on are constant.
    """
    labels = torch.as_tensor(dataset["label"].values).long()
    pixels = torch.as_tensor(dataset["image"].values)
    pixels = pixels.unsqueeze(1) if pixels.ndim == 3 else pixels
    held_out = torch.as_tensor(dataset["test"].values).bool() if "test" in dataset else None
    sizes = (recipe.train, recipe.test)
    parts = [
        split(pixels, labels, sizes, torch_generator(*purpose, "split", seed), held_out=held_out)
        for seed in seeds
    ]
    train_part, test_part = (
        Images(torch.stack([one.pixels for one in part]), torch.stack([one.labels for one in part]))
        for part in zip(*parts, strict=True)
    )
    return SeedImages(train_part, test_part)
