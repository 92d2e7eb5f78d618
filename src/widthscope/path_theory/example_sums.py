"""Sums over examples, block by block: all that the energy needs where P > D N0."""

import torch
from torch import Tensor

from widthscope.path_theory.memory import primal_bytes
from widthscope.path_theory.memory_limit import refuse_too_large


class ExampleSums:
    """R (M, M), q (M,), y^T y and P, summed over blocks of examples in float64."""

    def __init__(self, paths: int, features: int) -> None:
        self.paths, self.features, self.examples = paths, features, 0
        size = paths * features
        refuse_too_large(
            f"sums over examples of {paths} attention paths and {features} features",
            primal_bytes(size),
            "take fewer heads or layers",
        )
        self.products = torch.zeros(size, size, dtype=torch.float64)
        self.with_labels = torch.zeros(size, dtype=torch.float64)
        self.squared_labels = 0.0

    def add(self, inputs: Tensor, labels: Tensor) -> None:
        """Add a block of examples: inputs (p, D, N0) and labels (p,)."""
        rows, y = inputs.double().flatten(1), labels.double()
        self.products.addmm_(rows.mT, rows)
        self.with_labels += rows.mT @ y
        self.squared_labels += float(y @ y)
        self.examples += len(rows)
