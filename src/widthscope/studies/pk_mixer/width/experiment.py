"""Networks of several widths trained and tested, all seeds of a network at once."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from widthscope.studies.pk_mixer.networks import Network
from widthscope.studies.pk_mixer.training import Recipe, images_of, measured, train_networks
from widthscope.work import Work

PURPOSE = ("pk_mixer", "width")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each experiment: accuracies of its networks, by arm and shape.

    A seed's images, initial weights and minibatches are keyed by the run's seed and its own alone: arms and
    experiments of one seed share splits, and minibatches where they have the same number of images.

    Args:
        settings: `dataset`, `seed`, and `experiments` by name, each with its `recipe`, the list of its
            `seeds` and `networks`, a list of an arm's name and the fields of a `Network`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        For each experiment `test_accuracy` and `train_accuracy` (network, seed) in float64, NaN for a network
        that diverged, with the coordinates `seed`, and `arm`, `tokens` and `channels` of the networks.
    """
    found = {
        f"/{name}": experiment(name, each, datasets[settings["dataset"]], settings["seed"], work)
        for name, each in settings["experiments"].items()
    }
    return xr.DataTree.from_dict(found)


def experiment(
    name: str, each: Mapping[str, Any], dataset: xr.Dataset, run_seed: int, work: Work
) -> xr.Dataset:
    """Accuracies of all networks of one experiment; see `run`."""
    recipe, seeds = Recipe(**each["recipe"]), [int(seed) for seed in each["seeds"]]
    purpose = (*PURPOSE, run_seed)
    images = images_of(dataset, recipe, seeds, purpose)
    tables = []
    for arm, fields in each["networks"]:
        network = Network(**fields)
        label = f"{name}-{arm}-s{network.tokens}-c{network.channels}"
        trained = train_networks(network, images, recipe, seeds, purpose, work, label)
        tables.append({key: value.numpy() for key, value in measured(trained, images).items()})
    networks = each["networks"]
    return xr.Dataset(
        {key: (("network", "seed"), np.stack([table[key] for table in tables])) for key in tables[0]},
        coords={
            "seed": seeds,
            "arm": ("network", [arm for arm, _ in networks]),
            "tokens": ("network", [fields["tokens"] for _, fields in networks]),
            "channels": ("network", [fields["channels"] for _, fields in networks]),
        },
        attrs={"train": recipe.train, "test": recipe.test, "noise": recipe.noise, "epochs": recipe.epochs},
    )
