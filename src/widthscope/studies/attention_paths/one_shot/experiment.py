"""Networks that learn to tell which of two labelled images a third one belongs to."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.ensembles.members import Members
from widthscope.studies.attention_paths.one_shot.episodes import (
    AT_ONCE,
    drawn,
    episode_set,
    features,
    images,
    pool,
)
from widthscope.studies.attention_paths.one_shot.training import Shape, accuracy, trained
from widthscope.work import Work

DIMS = {
    "queries": ("layer", "head", "key", "feature"),
    "keys": ("layer", "head", "key", "feature"),
    "value_0": ("hidden", "feature"),
    "values": ("layer", "head", "hidden_out", "hidden_in"),
    "readout": ("hidden",),
}
MEASURED = ("familiar", "validation", "test")
KEPT = ("seed", "dataset", "patch", "orientations", "layers", "heads", "key_dim", "width")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Train networks on episodes of some classes, and measure them on these and on novel classes.

    Args:
        settings: `seed` of the run, `dataset`, `side`, `patch`, `orientations`, the nets `first_net` up to
            `first_net` + `nets`, `layers`, `heads`, `key_dim`, `width`, `episodes`, `batch`, `steps`,
            `learning_rate`, `evaluated`.
        datasets: the images.
        work: what the job gives.

    Returns:
        The weights as in `network` over (net, ...), in the theory's normalisation: ``queries``, ``keys``,
        ``value_0``, ``values``, ``readout``, float32; ``loss`` (net, update) of each minibatch before its
        update; ``diverged_at`` (net), -1 for never; ``accuracy`` (net, set) on new episodes of the classes
        trained on (``familiar``) and of novel ones, NaN where a network diverged; and what
        `episodes.episode_set` makes every net's sets from: ``image`` (sample, row, col), ``label`` and
        ``novel`` (sample), the coordinate ``net`` and the attributes; images are stored as they were given,
        or as float32 where their side had to be changed.
    """
    stored = _stored_images(datasets[settings["dataset"]], settings)
    found = images(stored)
    seed, nets = settings["seed"], range(settings["first_net"], settings["first_net"] + settings["nets"])
    members = Members.grid(net=nets)
    own = [drawn(pool(found, "train", seed, net), "train", settings["episodes"], seed, net) for net in nets]
    shape = Shape(
        layers=settings["layers"],
        heads=settings["heads"],
        key_dim=settings["key_dim"],
        width=settings["width"],
        features=features(settings["side"], settings["patch"]),
    )
    end = trained(
        members,
        own,
        found.patches,
        shape,
        seed,
        batch=settings["batch"],
        steps=settings["steps"],
        learning_rate=settings["learning_rate"],
        work=work,
    )
    measured = [
        accuracy(
            end.parameters, (episode_set(found, name, settings["evaluated"], seed, net) for net in nets)
        ).masked_fill(end.diverged_at.cpu() >= 0, torch.nan)
        for name in MEASURED
    ]
    weights = {name: (("net", *dims), end.parameters[name].cpu().numpy()) for name, dims in DIMS.items()}
    return stored.assign(
        {
            **weights,
            "loss": (("net", "update"), end.history["loss"].values),
            "diverged_at": ("net", end.diverged_at.cpu().numpy()),
            "accuracy": (("net", "set"), torch.stack(measured, dim=1).numpy()),
        }
    ).assign_coords(net=list(nets), set=list(MEASURED))


def _stored_images(dataset: xr.Dataset, settings: Mapping[str, Any]) -> xr.Dataset:
    """The images as the networks see them, and which of their classes are kept from training."""
    image, side = torch.from_numpy(dataset["image"].values), settings["side"]
    largest = float(image.max())
    if image.shape[1] != side:
        blocks = (block[:, None].float() for block in torch.split(image, AT_ONCE))
        image = torch.cat([torch.nn.functional.adaptive_avg_pool2d(block, side)[:, 0] for block in blocks])
    label = dataset["label"].values.astype(np.int64)
    novel = dataset["part"].values != 0 if "part" in dataset else label >= settings["first_novel"]
    return xr.Dataset(
        {
            "image": (("sample", "row", "col"), image.numpy()),
            "label": ("sample", label),
            "novel": ("sample", novel.astype(np.int8)),
        },
        attrs={**{name: settings[name] for name in KEPT}, "largest": largest},
    )
