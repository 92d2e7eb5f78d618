"""Accuracy over the number of attention layers: networks of 1, 2 and 3 layers on the same sequences."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.path_theory.kernels import kernels_of
from widthscope.studies.attention_paths.hidden_markov.data import DataSet
from widthscope.studies.attention_paths.hidden_markov.solutions import over_widths, path_weights, test_of
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, Heads, hidden_markov
from widthscope.work import Work

LAYERS: Heads = (("same", "random"), ("uniform", "random"), ("uniform", "random"))
"""Of the deepest network; a shallower one has the first of these. All read the mean over queries, since one
layer alone that reads the last token would see little of a sequence."""


def run(settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """Accuracies `finite` (seed, layers, width) and `infinite` (seed, layers) of all paths.

    Args:
        settings: depths, widths, seeds, and of the family examples, tests, temperature and the run's seed.
        work: progress.
    """
    seeds, depths, widths = range(settings["seeds"]), settings["layers"], settings["widths"]
    finite = np.empty((len(seeds), len(depths), len(widths)))
    infinite = np.empty((len(seeds), len(depths)))
    for data_seed in work.progress(seeds, description="depth"):
        for place, layers in enumerate(depths):
            data = data_set(layers, settings, data_seed)
            solved = over_widths(data, widths, settings["temperature"])
            held_out = test_of(data)
            finite[data_seed, place] = [
                held_out.accuracy(path_weights(solved[width]), settings["temperature"]) for width in widths
            ]
            paths = torch.eye(data.inputs.shape[1], dtype=torch.float64)
            infinite[data_seed, place] = held_out.accuracy(paths, settings["temperature"])
    return xr.Dataset(
        {"finite": (("seed", "layers", "width"), finite), "infinite": (("seed", "layers"), infinite)},
        coords={"seed": list(seeds), "layers": list(depths), "width": list(widths)},
    )


def data_set(layers: int, settings: Mapping[str, Any], data_seed: int) -> DataSet:
    """What a network of so many layers sees of one data set."""
    chains = Chains(heads=LAYERS[:layers], readout="mean")
    task = hidden_markov(
        chains, settings["examples"], settings["tests"], seed=settings["seed"], data_seed=data_seed
    )
    return DataSet(
        heads=tuple(len(layer) for layer in chains.heads),
        inputs=task.inputs,
        labels=task.labels,
        kernels=kernels_of(task.inputs),
        tests=task.test_inputs,
        test_labels=task.test_labels,
        validation=task.test_inputs[:0],
        validation_labels=task.test_labels[:0],
    )
