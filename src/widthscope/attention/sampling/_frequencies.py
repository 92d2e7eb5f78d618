"""Conditional characteristic functions of several tokens and coordinates."""

import torch
from torch import Tensor


def characteristic_function(covariance: Tensor, frequencies: Tensor) -> Tensor:
    """E exp(i sum_a w_a^T y_a) given the covariance: exp(-1/2 sum_a w_a^T Sigma w_a), coordinates sharing
    Sigma.

    Args:
        covariance: (N, s, s).
        frequencies: (R, m, s), R joint frequencies of m coordinates.

    Returns:
        (N, R), real. The mean over draws is the joint characteristic function of m coordinates of the
        layer.

    Raises:
        ValueError: if the shapes do not fit.

    Source: theory notes 3.4; one matrix product (N, s^2) x (s^2, R).
    """
    if covariance.ndim != 3 or frequencies.ndim != 3 or frequencies.shape[-1] != covariance.shape[-1]:
        raise ValueError(
            "covariance must be (N, s, s) and frequencies (R, m, s), "
            f"not {tuple(covariance.shape)} and {tuple(frequencies.shape)}"
        )
    quadratic = covariance.flatten(1) @ _forms(frequencies, covariance)
    return torch.exp(quadratic.mul_(-0.5))


def characteristic_change(at: Tensor, change: Tensor, frequencies: Tensor) -> Tensor:
    """First-order change of `characteristic_function` where the covariance changes by dSigma.

    The derivative of exp(-1/2 sum_a w_a^T Sigma w_a) is -1/2 sum_a w_a^T dSigma w_a times itself.

    Args:
        at: (N, R), the characteristic function at Sigma.
        change: (N, s, s), dSigma.
        frequencies: (R, m, s).

    Returns:
        (N, R).

    Source: derived here, for the control variate of `coupled_layers`.
    """
    return (change.flatten(1) @ _forms(frequencies, change)).mul_(-0.5).mul_(at)


def mean_characteristic_function(covariance: Tensor, frequencies: Tensor) -> Tensor:
    """Mean over draws of `characteristic_function`, (R,), summed in float64."""
    return characteristic_function(covariance, frequencies).mean(dim=0, dtype=torch.float64)


def _forms(frequencies: Tensor, like: Tensor) -> Tensor:
    """sum_a w_a w_a^T as columns, (s^2, R), where and as precise as another tensor."""
    w = frequencies.to(device=like.device, dtype=like.dtype)
    return (w.mT @ w).flatten(1).mT
