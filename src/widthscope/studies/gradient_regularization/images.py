"""Images for the study: each seed's own split, standardised, some training labels drawn at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.image_splits import splits
from widthscope.errors import DataError
from widthscope.streams import Name, torch_generator


@dataclass(frozen=True)
class Images:
    """Images of every seed.

    Attributes:
        pixels: (seed, example, ...), standardised.
        labels: (seed, example), int64.
    """

    pixels: Tensor
    labels: Tensor

    def batch(self) -> Mapping[str, Tensor]:
        """All of them by the names that `networks.loss` reads."""
        return {"x": self.pixels, "labels": self.labels}


@dataclass(frozen=True)
class SeedImages:
    """What every seed trains on, with what was done to the labels, and what it is tested on.

    Attributes:
        train: labels as the networks see them.
        test: disjoint from it, true labels.
        replaced: (seed, example), true where a training label was drawn at random.
    """

    train: Images
    test: Images
    replaced: Tensor


def images_of(
    dataset: xr.Dataset,
    train: int,
    seeds: Sequence[int],
    purpose: tuple[Name, ...],
    test: int = 0,
    label_noise: float = 0.0,
    dtype: torch.dtype = torch.float32,
) -> SeedImages:
    """Each seed's own split: the mean of each pixel removed, divided by the deviation of all that is left.

    Both are those of the images trained on. Of these a share has its label replaced by one drawn uniformly
    from all classes, which may be the true one.

    Args:
        dataset: with ``image`` (sample, ...) and ``label`` (sample); one with a variable ``test`` (sample) is
            split by it, any other at random.
        train: images trained on.
        seeds: of the splits; a seed's depends on nothing but the purpose and the seed.
        purpose: names of their streams; of all families that shall see the same images the same.
        test: images tested on; 0 for all that are left.
        label_noise: share of the training labels that are replaced, rounded to whole images.
        dtype: of the pixels.

    Raises:
        DataError: if there are fewer images, or those trained on are constant.
    """
    samples = dataset.sizes["sample"]
    left = int(dataset["test"].sum()) if "test" in dataset else samples - train
    if not test and left < 1:
        raise DataError(f"{train} images to train on leave none of {samples} to test on")
    generators = [torch_generator(*purpose, "split", seed) for seed in seeds]
    learnt, tested = splits(dataset, (train, test or left), generators, per_pixel=True, dtype=dtype)
    classes = int(dataset["label"].max()) + 1
    noisy = [
        _with_noise(labels, classes, label_noise, torch_generator(*purpose, "labels", seed))
        for labels, seed in zip(learnt.labels, seeds, strict=True)
    ]
    seen, replaced = (torch.stack(part) for part in zip(*noisy, strict=True))
    return SeedImages(Images(learnt.pixels, seen), Images(tested.pixels, tested.labels), replaced)


def _with_noise(
    labels: Tensor, classes: int, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Labels with a share replaced, and which."""
    drawn = torch.randint(classes, labels.shape, generator=generator)
    chosen = torch.randperm(len(labels), generator=generator)[: round(share * len(labels))]
    replaced = torch.zeros(labels.shape, dtype=torch.bool)
    replaced[chosen] = True
    return torch.where(replaced, drawn, labels), replaced
