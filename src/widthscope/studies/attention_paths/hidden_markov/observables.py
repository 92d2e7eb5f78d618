"""How a kernel is aligned with labels: as a whole, and eigenvector by eigenvector."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from widthscope.path_theory.alignment import label_cosine, label_overlaps
from widthscope.path_theory.kernels import Kernels
from widthscope.studies.attention_paths.hidden_markov.variants import RANKS


def alignments(
    kernels: Kernels, weights: Mapping[str, Tensor], labels: Sequence[Tensor]
) -> tuple[np.ndarray, np.ndarray]:
    """Centred cosines (kernel, labels) and eigenvector overlaps (kernel, labels, rank), NaN as the weights.

    Args:
        kernels: of the examples.
        weights: path weights U (D, D) by name of the kernel.
        labels: of the examples, (P,) each.
    """
    ranks = min(RANKS, kernels.examples)
    cosines = np.full((len(weights), len(labels)), np.nan)
    overlaps = np.full((len(weights), len(labels), ranks), np.nan)
    for place, one in enumerate(weights.values()):
        if bool(torch.isfinite(one).all()):
            kernel = kernels.kernel(one)
            for at, y in enumerate(labels):
                cosines[place, at] = float(label_cosine(kernel, y))
                overlaps[place, at] = label_overlaps(kernel, y)[:ranks].numpy()
    return cosines, overlaps
