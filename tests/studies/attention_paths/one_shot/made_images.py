"""A few made images with settings of short trainings, for the tests of one-shot networks."""

import numpy as np
import xarray as xr

from widthscope.studies.attention_paths.one_shot import experiment, plan
from widthscope.studies.attention_paths.one_shot.settings import Architecture, OneShot
from widthscope.work import Work

SMALL = Architecture(layers=2, heads=2, key_dim=3, width=8)
SHORT = OneShot(architectures=(SMALL,), nets=3, nets_per_job=3, episodes=60, batch=20, steps=5, evaluated=30)


def made_digits(each: int = 12, digits: int = 10) -> xr.Dataset:
    """Noisy 8 x 8 images, uint8 from 0 to 16, of digits with a pattern of its own each."""
    generator = np.random.default_rng(5)
    patterns = generator.integers(0, 17, (digits, 8, 8))
    label = np.tile(np.arange(digits), each)
    image = np.clip(patterns[label] + generator.integers(-2, 3, (len(label), 8, 8)), 0, 16)
    image[0, 0, 0] = 16
    return xr.Dataset(
        {
            "image": (("sample", "row", "col"), image.astype(np.uint8)),
            "label": ("sample", label.astype(np.uint8)),
        }
    )


def made_omniglot(each: int = 10) -> xr.Dataset:
    """Noise of 35 x 35 pixels of four background and three evaluation characters."""
    generator = np.random.default_rng(6)
    label = np.repeat(np.arange(7), each)
    return xr.Dataset(
        {
            "image": (
                ("sample", "row", "col"),
                generator.integers(0, 256, (len(label), 35, 35)).astype(np.uint8),
            ),
            "label": ("sample", label.astype(np.int32)),
            "part": ("sample", (label >= 4).astype(np.uint8)),
        }
    )


def swept(settings: OneShot = SHORT, seed: int = 3, place: int = 0, work: Work | None = None, **changed):
    """What a shard stores, on made images."""
    shard = plan.shards(settings, seed)[place]
    datasets = {"digits": made_digits(), "omniglot": made_omniglot()}
    return experiment.run({**shard.settings, **changed}, datasets, work or Work())
