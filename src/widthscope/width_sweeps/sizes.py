"""Sizes of the data sets of images that sweeps learn, for plans: no Torch here."""

from collections.abc import Mapping
from types import MappingProxyType

INPUTS: Mapping[str, int] = MappingProxyType({"digits": 64, "cifar10": 3072})
"""Pixels of an image, times its colours."""

EXAMPLES: Mapping[str, int] = MappingProxyType({"digits": 1797, "cifar10": 60_000})
"""Images in all."""

TESTED: Mapping[str, int] = MappingProxyType({"cifar10": 10_000})
"""Images of a test set of the data's own; where there is none, all that are not trained on."""


def examples(dataset: str, train: int) -> int:
    """Images of both sets of `problems.digits_problem`, trained on `train` of them and tested on the rest."""
    return train + TESTED[dataset] if dataset in TESTED else EXAMPLES[dataset]
