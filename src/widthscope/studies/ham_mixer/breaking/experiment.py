"""Mixers trained with penalised, tied and free couplings: accuracy, and symmetry on the way."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.image_splits import Images
from widthscope.ensembles.members import Members
from widthscope.mixers.designs import Shape
from widthscope.mixers.tied import PAIRS
from widthscope.studies.ham_mixer.breaking import gradients
from widthscope.studies.ham_mixer.breaking.arms import ARMS
from widthscope.studies.ham_mixer.networks import (
    Recipe,
    SeedImages,
    Stream,
    accuracies,
    images_of,
    recorded_epochs,
    symmetry_recording,
    train_arm,
)
from widthscope.work import Work

PARTS = ("train", "test")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each arm, of every penalty and seed; and ``gradients`` at tied couplings, where asked for.

    All networks of one seed share split, order of batches and, where shapes agree, initial weights.

    Args:
        settings: sizes as in `settings.Training`, the networks' in `shape`; `runs`, each with `arm`,
            `penalties` and `seeds`; `gradients`, the seeds whose gradients are looked at, over
            `gradient_images`; `seed` of the run.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    stream = Stream("breaking", settings["seed"])
    dataset, sizes = datasets[settings["dataset"]], (settings["train"], settings["test"])
    held: dict[tuple[int, ...], SeedImages] = {}

    def images(seeds: list[int]) -> SeedImages:
        key = tuple(seeds)
        if key not in held:
            held[key] = images_of(dataset, stream, seeds, sizes, settings["noise"], work.device)
        return held[key]

    def trained_on(seed: int) -> Images:
        """One seed's training images; only that seed's are split where no network is trained on them."""
        whole = held.get(tuple(settings["gradients"]))
        place = 0 if whole is None else whole.seeds.index(seed)
        if whole is None:
            whole = images_of(dataset, stream, [seed], sizes, settings["noise"], work.device)
        return Images(whole.parts[0].pixels[place], whole.parts[0].labels[place])

    found = {
        f"/{each['arm']}": _trained(each, settings, images(each["seeds"]), stream, work)
        for each in settings["runs"]
    }
    if settings["gradients"]:
        found["/gradients"] = _gradients(settings, trained_on, stream)
    return xr.DataTree.from_dict(found)


def _trained(
    each: Mapping[str, Any], settings: Mapping[str, Any], images: SeedImages, stream: Stream, work: Work
) -> xr.Dataset:
    """``accuracy`` (penalty, seed, part); asymmetry and alignment (penalty, seed, epoch, block, pair)."""
    arm, shape = ARMS[each["arm"]], Shape(**settings["shape"])
    recipe = Recipe(**{key: settings[key] for key in ("rate", "epochs", "batch", "weight_decay", "warm_up")})
    members = Members.grid(penalty=each["penalties"], seed=each["seeds"])
    epochs = recorded_epochs(settings["epochs"])
    per_epoch = recipe.steps(settings["train"]) // settings["epochs"]
    recording = symmetry_recording(arm, [per_epoch * epoch for epoch in epochs])
    trained = train_arm(arm, shape, recipe, members, images, stream, work, each["arm"], (recording,))
    measured = accuracies(arm, shape, trained.parameters, members, images).cpu()
    measured[(trained.diverged_at >= 0).cpu()] = torch.nan
    history = trained.history.rename(step="epoch").assign_coords(epoch=list(epochs), part=list(PARTS))
    history["accuracy"] = (("member", "part"), measured.numpy())
    table = history[["accuracy", "asymmetry", "alignment"]].set_index(member=["penalty", "seed"])
    return (
        table.unstack("member")
        .transpose("penalty", "seed", ...)
        .assign_attrs(
            {
                "weights": shape.weights(arm),
                "blocks": shape.blocks,
                **{k: settings[k] for k in ("dataset", "train", "epochs")},
            }
        )
    )


def _gradients(
    settings: Mapping[str, Any], trained_on: Callable[[int], Images], stream: Stream
) -> xr.Dataset:
    """``mixer`` (seed, block, pair) and ``autoencoder`` (seed,): relative asymmetry of the gradients."""
    shape, count, seeds = Shape(**settings["shape"]), settings["gradient_images"], settings["gradients"]

    def of_mixer(seed: int) -> Tensor:
        part = trained_on(seed)
        return gradients.at_tied_couplings(
            shape, stream("gradients", seed), part.pixels[:count], part.labels[:count], settings["batch"]
        )

    of_mixers = [of_mixer(seed) for seed in seeds]
    of_rivals = [
        gradients.of_white_autoencoder(shape.tokens, shape.tokens // 2, stream("autoencoder", seed))
        for seed in seeds
    ]
    return xr.Dataset(
        {
            "mixer": (("seed", "block", "pair"), torch.stack(of_mixers).cpu().numpy()),
            "autoencoder": ("seed", torch.stack(of_rivals).numpy()),
        },
        coords={"seed": list(seeds), "pair": list(PAIRS)},
    )
