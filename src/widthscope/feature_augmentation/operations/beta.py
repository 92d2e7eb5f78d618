"""Numbers of the symmetric beta distribution from uniform ones, by its quantile."""

import math

import torch
from scipy.special import betaincinv
from torch import Tensor


def beta(uniform: Tensor, alpha: float) -> Tensor:
    """Quantiles of Beta(alpha, alpha) at uniform numbers, in their shape and type.

    One uniform number makes one share, whatever alpha, so that two strengths can be compared with common
    random numbers. Beta(1, 1) is uniform, Beta(1/2, 1/2) the arcsine law.
    """
    if alpha == 1:
        return uniform
    if alpha == 0.5:
        sine: Tensor = torch.sin(math.pi / 2 * uniform)
        return sine * sine
    quantile = betaincinv(alpha, alpha, uniform.double().numpy())
    return torch.as_tensor(quantile).to(uniform.dtype)
