"""Networks of every arm trained on the same images, and the likeness of their hidden features."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.statistics.cka import Centred
from widthscope.streams import numpy_generator
from widthscope.studies.pk_mixer.networks import Values
from widthscope.studies.pk_mixer.similarity.arms import ANOTHER, PAIRS, PURPOSE, SHUFFLED, WEIGHED, arms
from widthscope.studies.pk_mixer.training import (
    Recipe,
    SeedImages,
    TrainedNetworks,
    images_of,
    measured,
    outputs,
    train_networks,
)
from widthscope.work import Work

Features = list[list[Centred]]
"""Of one arm: for each layer, of each seed."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Likeness of features at ``/likeness``, and mixing weights of some arms at ``/weights/<arm>``.

    Arms of one seed share images; weights and minibatches are each arm's own.

    Args:
        settings: as in `settings.Similarity`, with the run's `seed`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        ``likeness`` has ``cka`` (pair, layer, seed) on the test images, and ``test_accuracy`` and
        ``train_accuracy`` (arm, seed); a seed in which a network of the pair diverged is NaN. ``weights`` are
        (layer, seed, row, column), float32, zero outside a mask.
    """
    recipe = Recipe(
        settings["train"],
        settings["test"],
        batch=settings["batch"],
        epochs=settings["epochs"],
        rate=settings["rate"],
    )
    seeds = range(settings["seeds"])
    dataset = datasets[settings["dataset"]]
    images = images_of(dataset, recipe, seeds, (*PURPOSE, settings["seed"]))
    inputs = images.train.pixels.shape[-1]
    features: dict[str, Features] = {}
    accuracies, weights = {}, {}
    others = {first.removeprefix(ANOTHER) for first, _ in PAIRS if first.startswith(ANOTHER)}
    for arm, network in arms(settings["side"], settings["factor"], settings["blocks"], inputs).items():
        trained = train_networks(
            network, images, recipe, seeds, (*PURPOSE, settings["seed"], arm), work, f"similarity-{arm}"
        )
        features[arm] = features_of(trained, images)
        if arm in others:
            features[f"{ANOTHER}{arm}"] = features_of(_of_the_seed_before(trained), images)
        accuracies[arm] = {name: value.numpy() for name, value in measured(trained, images).items()}
        if arm in WEIGHED:
            weights[f"/weights/{arm}"] = mixing_weights(trained)
    likeness = compared(features, settings["seed"])
    for name in next(iter(accuracies.values())):
        likeness[name] = (("arm", "seed"), np.stack([found[name] for found in accuracies.values()]))
    likeness = likeness.assign_coords(arm=list(accuracies)).assign_attrs(
        side=settings["side"], factor=settings["factor"], test=recipe.test, train=recipe.train
    )
    return xr.DataTree.from_dict({"/likeness": likeness, **weights})


def compared(features: Mapping[str, Features], seed: int) -> xr.Dataset:
    """``cka`` (pair, layer, seed) of every pair; NaN where features are constant or not finite."""
    found = np.array([_layers(features, first, second, seed) for first, second in PAIRS])
    return xr.Dataset(
        {"cka": (("pair", "layer", "seed"), found)},
        coords={
            "first": ("pair", [first for first, _ in PAIRS]),
            "second": ("pair", [second for _, second in PAIRS]),
            "layer": range(1, found.shape[1] + 1),
            "seed": range(found.shape[2]),
        },
    )


def features_of(trained: TrainedNetworks, images: SeedImages) -> Features:
    """Features of the test images after each mixing layer, of each seed's network."""
    kept = outputs(trained, images.test.pixels, keep=True).features
    return [[Centred.of(own) for own in layer.double().numpy()] for layer in kept]


def mixing_weights(trained: TrainedNetworks) -> xr.Dataset:
    """``weights`` (layer, seed, row, column) of the mixing layers, after their masks, float32."""
    values = trained.values.all()
    layers = [
        values[name] * values[f"{name}_mask"] if f"{name}_mask" in values else values[name]
        for name in trained.network.layers
    ]
    stack = torch.stack(layers).cpu().numpy()
    return xr.Dataset({"weights": (("layer", "seed", "row", "column"), stack)})


def _of_the_seed_before(trained: TrainedNetworks) -> TrainedNetworks:
    """The same networks, each seed's in the next one's place."""
    values = Values(
        *(
            {name: value.roll(1, 0) for name, value in part.items()}
            for part in (trained.values.trained, trained.values.constant)
        )
    )
    return replace(trained, values=values)


def _layers(features: Mapping[str, Features], first: str, second: str, seed: int) -> list[list[float]]:
    """CKA of one pair, for each layer and seed."""
    shuffled = second.startswith(SHUFFLED)
    found = []
    for own, others in zip(features[first], features[second.removeprefix(SHUFFLED)], strict=True):
        pairs = zip(own, others, strict=True)
        found.append(
            [
                _likeness(one, _shuffled(other, seed, place) if shuffled else other)
                for place, (one, other) in enumerate(pairs)
            ]
        )
    return found


def _likeness(one: Centred, other: Centred) -> float:
    alive = one.norm > 0 and other.norm > 0 and np.isfinite(one.norm) and np.isfinite(other.norm)
    return one.cka(other) if alive else np.nan


def _shuffled(features: Centred, seed: int, place: int) -> Centred:
    order = numpy_generator(*PURPOSE, seed, "shuffled examples", place).permutation(len(features.features))
    return Centred(features.features[order], features.norm)
