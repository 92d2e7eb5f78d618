"""Networks of every arm trained on the same images, and the likeness of their hidden features."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.statistics.cka import Centred
from widthscope.streams import numpy_generator
from widthscope.studies.pk_mixer.similarity.arms import PAIRS, PURPOSE, SHUFFLED, WEIGHED, arms, node_name
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
        settings: as in `settings.Similarity`, with the run's `seed`; `seeds` networks, from `first_seed` on.
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
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["seeds"])
    dataset = datasets[settings["dataset"]]
    images = images_of(dataset, recipe, seeds, (*PURPOSE, settings["seed"]))
    inputs = images.train.pixels.shape[-1]
    features: dict[str, Features] = {}
    accuracies, weights = {}, {}
    for arm, network in arms(settings["side"], settings["factor"], settings["blocks"], inputs).items():
        trained = train_networks(
            network,
            images,
            recipe,
            seeds,
            (*PURPOSE, settings["seed"], arm),
            work,
            f"similarity-{node_name(arm)}",
        )
        features[arm] = features_of(trained, images)
        accuracies[arm] = {name: value.numpy() for name, value in measured(trained, images).items()}
        if arm in WEIGHED:
            weights[f"/weights/{node_name(arm)}"] = mixing_weights(trained)
    likeness = compared(features, seeds, settings["seed"])
    for name in next(iter(accuracies.values())):
        likeness[name] = (("arm", "seed"), np.stack([found[name] for found in accuracies.values()]))
    likeness = likeness.assign_coords(arm=list(accuracies)).assign_attrs(
        side=settings["side"], factor=settings["factor"], test=recipe.test, train=recipe.train
    )
    return xr.DataTree.from_dict({"/likeness": likeness, **weights})


def compared(features: Mapping[str, Features], seeds: Sequence[int], run_seed: int) -> xr.Dataset:
    """``cka`` (pair, layer, seed) of every pair; NaN where features are constant or not finite."""
    found = np.array([_layers(features, first, second, seeds, run_seed) for first, second in PAIRS])
    return xr.Dataset(
        {"cka": (("pair", "layer", "seed"), found)},
        coords={
            "first": ("pair", [first for first, _ in PAIRS]),
            "second": ("pair", [second for _, second in PAIRS]),
            "layer": range(1, found.shape[1] + 1),
            "seed": list(seeds),
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


def _layers(
    features: Mapping[str, Features], first: str, second: str, seeds: Sequence[int], run_seed: int
) -> list[list[float]]:
    """CKA of one pair, for each layer and seed."""
    shuffled = second.startswith(SHUFFLED)
    found = []
    for own, others in zip(features[first], features[second.removeprefix(SHUFFLED)], strict=True):
        found.append(
            [
                _likeness(one, _shuffled(other, run_seed, seed) if shuffled else other)
                for one, other, seed in zip(own, others, seeds, strict=True)
            ]
        )
    return found


def _likeness(one: Centred, other: Centred) -> float:
    alive = one.norm > 0 and other.norm > 0 and np.isfinite(one.norm) and np.isfinite(other.norm)
    return one.cka(other) if alive else np.nan


def _shuffled(features: Centred, run_seed: int, seed: int) -> Centred:
    generator = numpy_generator(*PURPOSE, run_seed, "shuffled examples", seed)
    order = generator.permutation(len(features.features))
    return Centred(features.features[order], features.norm)
