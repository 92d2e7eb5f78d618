"""Images of every seed: each has a split of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import xarray as xr

from widthscope.datasets.image_splits import Images, splits, with_colours
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
    generators = [torch_generator(*purpose, "split", seed) for seed in seeds]
    parts = splits(dataset, (recipe.train, recipe.test), generators)
    return SeedImages(*(Images(with_colours(part.pixels), part.labels) for part in parts))
