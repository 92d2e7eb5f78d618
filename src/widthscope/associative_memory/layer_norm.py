r"""Layer normalisation of a whole state, tokens and channels together, as the gradient of a Lagrangian.

For a state x of N entries, its variance being the mean of squared deviations over all of them,

    L(x) = N sqrt(var + eps),     grad L = (x - mean) / sqrt(var + eps) = g,
    Hess L = (I - 1 1^T / N - g g^T / N) / sigma     (eps = 0, sigma^2 = var).

The Hessian is positive semidefinite; its null space is spanned by 1 and x, since L does not feel a shift and
is homogeneous of degree 1, so that x.g - L(x) = 0. For eps > 0, x.g - L(x) = -N eps / sqrt(var + eps).

The factor N matters: sqrt(N var), the length of x - mean, has the gradient g / sqrt N.

Shapes: a state is (..., token, channel); leading dimensions are independent systems.

Source: theory notes 3.2 and its trap on the factor N.
"""

import math

import torch
from torch import Tensor

STATE = (-2, -1)
"""Dimensions of a state: tokens and channels."""


def normalised(x: Tensor, eps: float = 0.0) -> Tensor:
    """The state without its mean, over the root of its variance plus eps; same shape."""
    centred = x - x.mean(STATE, keepdim=True)
    return centred * torch.rsqrt(centred.square().mean(STATE, keepdim=True) + eps)


def deviation(x: Tensor, eps: float = 0.0) -> Tensor:
    """sqrt(var + eps) of every state, (...)."""
    variance = (x - x.mean(STATE, keepdim=True)).square().mean(STATE)
    return torch.sqrt(variance + eps)


def lagrangian(x: Tensor, eps: float = 0.0) -> Tensor:
    """L(x) of every state, (...)."""
    return entries(x) * deviation(x, eps)


def legendre(x: Tensor, eps: float = 0.0) -> Tensor:
    """x.g - L(x) of every state, (...): what the visible layer adds to an energy, 0 for eps = 0."""
    if not eps:
        return torch.zeros(x.shape[:-2], dtype=x.dtype, device=x.device)
    return -entries(x) * eps / deviation(x, eps)


def mismatched_legendre(deviation: Tensor, count: int) -> Tensor:
    """x.g less the length of x - mean, (...): the energy's first part by the Lagrangian without its factor.

    Kept because it is easily written by mistake: with it the energy of a symmetric network rises.

    Args:
        deviation: root of the variance of every state, (...).
        count: N, its entries.
    """
    return (count - math.sqrt(count)) * deviation


def hessian(x: Tensor) -> Tensor:
    """Hess L at every state, (..., N, N), for eps = 0: for tests, `curvature` never forms it."""
    count = entries(x)
    g = normalised(x).flatten(-2)
    identity = torch.eye(count, dtype=x.dtype, device=x.device)
    whole = identity - 1 / count - g[..., :, None] * g[..., None, :] / count
    return whole / deviation(x)[..., None, None]


def curvature(x: Tensor, u: Tensor) -> Tensor:
    """u^T Hess L u at every state, (...), in O(N), for eps = 0; `u` has the shape of `x`."""
    count = entries(x)
    along_ones, along_g = u.sum(STATE), (normalised(x) * u).sum(STATE)
    return (u.square().sum(STATE) - (along_ones.square() + along_g.square()) / count) / deviation(x)


def entries(x: Tensor) -> int:
    """N, the entries of one state."""
    return x.shape[-2] * x.shape[-1]
