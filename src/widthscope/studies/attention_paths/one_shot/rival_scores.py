"""Scores of heads that know nothing of the theory: weight norms and first-order effects on the loss."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from widthscope.path_theory.pruning import members_of_heads


def weight_magnitudes(values: Tensor) -> NDArray[np.float64]:
    """Frobenius norm of every head's value matrix, (sum of heads,), of values (L, H, N, N)."""
    return np.asarray(values.double().square().sum(dim=(-2, -1)).sqrt().flatten().numpy())


def saliencies(contributions: Tensor, labels: Tensor, heads: Sequence[int]) -> NDArray[np.float64]:
    r"""First-order importance of every head: mean over examples of |d loss / d gate|, (sum of heads,).

    A gate m multiplies all that passes a head, and is 1. With the loss (f - y)^2 of an example,

        d loss / d m_h = 2 (f - y) sum over paths through h of their contributions.

    Source: the importance of a head in arXiv:1905.10650, here in closed form.

    Args:
        contributions: (P, D) of the paths to the outputs, from `pruning.contributions`.
        labels: (P,) targets.
        heads: by layer.
    """
    through = contributions @ members_of_heads(heads).to(contributions.dtype).T
    error = contributions.sum(dim=1) - labels
    return np.asarray((2 * error[:, None] * through).abs().mean(dim=0).numpy())
