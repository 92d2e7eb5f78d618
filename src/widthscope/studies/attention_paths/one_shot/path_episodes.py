"""Sets of episodes as the attention paths of one trained network see them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.path_theory.attention import attention_matrices, bilinear_form
from widthscope.path_theory.inputs import path_inputs
from widthscope.path_theory.pruning import contributions
from widthscope.studies.attention_paths.one_shot.episodes import Images, episode_set
from widthscope.studies.attention_paths.one_shot.memory import BLOCK

SETS = ("theory", "validation", "selection", "test")


@dataclass(frozen=True)
class PathEpisodes:
    """Episodes as the paths of a trained network see them.

    Attributes:
        inputs: (P, D, N_0) path inputs.
        labels: (P,) +1 or -1.
        parts: (P, D) what each path adds to the output of the trained network.
    """

    inputs: Tensor
    labels: Tensor
    parts: Tensor


def path_episodes(net: xr.Dataset, found: Images, name: str, settings: Mapping[str, Any]) -> PathEpisodes:
    """A set's episodes as the network's paths see them.

    Args:
        net: its weights, as `experiment.run` stores them; its number as the coordinate ``net``.
        found: the images.
        name: one of `SETS`.
        settings: `settings.Theory`.
    """
    count = settings["episodes" if name == "theory" else name]
    shown = episode_set(found, name, count, int(net.attrs["seed"]), int(net["net"]))
    queries, keys, value_0, values, readout = weights_of(
        net, "queries", "keys", "value_0", "values", "readout"
    )
    forms = bilinear_form(queries.float(), keys.float())
    inputs = torch.cat(
        [
            path_inputs(block, [attention_matrices(block, form) for form in forms], "mean")
            for block in torch.split(shown.tokens, BLOCK)
        ]
    )
    return PathEpisodes(inputs, shown.labels.double(), contributions(values, readout, value_0, inputs))


def weights_of(net: xr.Dataset, *names: str) -> list[Tensor]:
    """Weights of a network by name, float64."""
    return [torch.from_numpy(net[name].values).double() for name in names]
