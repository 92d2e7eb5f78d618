"""How far two sets of eigenvalues are from each other.

Complex numbers have no order that rounding respects: sorted sets can look far apart that are not (theory
notes, trap 14).
"""

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor


def largest_distance(first: Tensor, second: Tensor) -> Tensor:
    """Largest |a - b| over the pairs of the assignment whose sum of distances is least.

    Args:
        first: (batch, m) complex or real.
        second: (batch, n): if the sets differ in size, each value of the smaller is paired with another one
            of the larger.

    Returns:
        (batch,) float64; NaN where a value is not finite, 0 if a set is empty.
    """
    distances = (first[:, :, None] - second[:, None]).abs().to(torch.float64).cpu().numpy()
    found = np.full(len(distances), np.nan)
    for item, matrix in enumerate(distances):
        if np.isfinite(matrix).all():
            found[item] = matrix[linear_sum_assignment(matrix)].max(initial=0.0)
    return torch.from_numpy(found)
