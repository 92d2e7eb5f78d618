"""Numbers of the study's networks before training; what only looks at them need not know how to train."""

from collections.abc import Sequence
from typing import Any

import torch

from widthscope.ensembles.parameters import stacked
from widthscope.streams import Name, torch_generator
from widthscope.studies.pk_mixer.networks import Network, Values, initial


def values_of(
    network: Network, seeds: Sequence[int], purpose: tuple[Name, ...], device: str = "cpu"
) -> Values:
    """Numbers of all seeds' networks before training, in float32; index lists stay integers."""

    def streams(seed: int) -> Any:
        return lambda name: torch_generator(*purpose, "weights", name, seed)

    drawn = [initial(network, streams(seed)) for seed in seeds]
    constant = {
        name: torch.stack([one.constant[name] for one in drawn]).to(device) for name in drawn[0].constant
    }
    return Values(
        stacked([one.trained for one in drawn], device),
        {name: value.float() if value.is_floating_point() else value for name, value in constant.items()},
    )
