"""Accuracy over the number of attention layers: networks of 1, 2 and 3 layers on the same sequences."""

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.path_theory.kernels import kernels_of
from widthscope.studies.attention_paths.hidden_markov.data import DataSet
from widthscope.studies.attention_paths.hidden_markov.solutions import over_widths, test_of
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, Heads, hidden_markov
from widthscope.studies.attention_paths.tasks.path_task import PathTask
from widthscope.work import Work

LAYERS: Heads = (("same", "random"), ("uniform", "random"), ("uniform", "random"))
"""Of the deepest network; a shallower one has the first of these. All read the mean over queries, since one
layer alone that reads the last token would see little of a sequence. A uniform head makes of that mean the
same mean again, so that the paths of a shallower network are those of the deepest through uniform heads in
all layers that it lacks: sequences and attention are computed once for all depths."""


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
        for place, data in enumerate(data_sets(depths, settings, data_seed)):
            solved = over_widths(data, widths, settings["temperature"])
            held_out = test_of(data)
            finite[data_seed, place] = [
                held_out.accuracy(solved[width].converged_weights, settings["temperature"])
                for width in widths
            ]
            paths = torch.eye(data.inputs.shape[1], dtype=torch.float64)
            infinite[data_seed, place] = held_out.accuracy(paths, settings["temperature"])
    return xr.Dataset(
        {"finite": (("seed", "layers", "width"), finite), "infinite": (("seed", "layers"), infinite)},
        coords={"seed": list(seeds), "layers": list(depths), "width": list(widths)},
    )


def data_sets(depths: Sequence[int], settings: Mapping[str, Any], data_seed: int) -> list[DataSet]:
    """What networks of so many layers see of one data set, with the deepest one's sequences and heads."""
    deepest = max(depths)
    chains = Chains(heads=LAYERS[:deepest], readout="mean")
    task = hidden_markov(
        chains, settings["examples"], settings["tests"], seed=settings["seed"], data_seed=data_seed
    )
    heads = tuple(len(layer) for layer in chains.heads)
    return [_seen_by(task, heads[:layers], heads[layers:]) for layers in depths]


def _seen_by(task: PathTask, heads: tuple[int, ...], lacked: tuple[int, ...]) -> DataSet:
    """The task through the first (uniform) head of every layer that is lacked."""
    apart = prod(lacked)
    seen = task.with_paths([path * apart for path in range(prod(heads))])
    return DataSet(
        heads=heads,
        inputs=seen.inputs,
        labels=seen.labels,
        kernels=kernels_of(seen.inputs),
        tests=seen.test_inputs,
        test_labels=seen.test_labels,
        validation=seen.test_inputs[:0],
        validation_labels=seen.test_labels[:0],
    )
