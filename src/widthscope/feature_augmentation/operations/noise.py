"""Gaussian noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from widthscope.feature_augmentation.operations.base import Draws, Operation, in_type_of, require_number


@dataclass(frozen=True)
class Noise(Operation):
    """x + sqrt(variance) times standard Gaussian numbers, independent for every feature.

    The variance is in squared units of the features, the same at every position (arXiv:2408.13426; theory
    notes, 2).
    """

    draws_depend_on_shape: ClassVar[bool] = True
    variance: float = 0.1

    def __post_init__(self) -> None:
        require_number("variance of noise", self.variance, 0)

    def draw(self, generator: torch.Generator, size: Sequence[int], shape: Sequence[int]) -> Draws:
        """`noise`: standard Gaussian numbers of the features' shape."""
        return {"noise": torch.randn((*size, *shape), generator=generator)}

    def apply(self, x: Tensor, draws: Draws) -> Tensor:
        """x with noise; any shape of features."""
        return x + math.sqrt(self.variance) * in_type_of(draws["noise"], x)
