r"""Kernel regression that a K-FAC step from a readout of zeros is, and its limit of infinite width.

With W_L = 0 no signal reaches the hidden layers, so that one step with B_L = I and rate 1 changes the readout
alone, to y^T (1/N) a (A_{L-1} + rho_A)^{-1}: its outputs are ridge regression with the kernel of the last
activities,

    f(x) = K(x, X) (K(X, X) + N rho_A I)^{-1} y,   K = a_{L-1} a_{L-1}^T .

For relu and sigma^2 = 2, K / M tends to the arc-cosine kernel of degree 1, layer by layer:

    kappa_0 = x . x' / D,   kappa_l(x, x') = (sigma^2 / 2 pi) |x||x'|_{l-1} (sin t + (pi - t) cos t)

with t the angle between x and x' under kappa_{l-1}; the weights' variance sigma^2 is applied before phi.

Source: theory notes 4; Cho and Saul (2009) for the kernel; arXiv:2312.12226 for the step.
"""

import torch
from torch import Tensor


def relu_kernel(x: Tensor, sigma: float, hidden: int) -> Tensor:
    """E[a a'] per unit of the last hidden layer as the width grows, (N, N), of all pairs of inputs (N, D).

    Args:
        x: inputs.
        sigma: scale of the weights of the hidden layers, W ~ N(0, sigma^2 / fan-in).
        hidden: hidden layers.
    """
    kernel = x @ x.mT / x.shape[1]
    for _ in range(hidden):
        lengths = (sigma * kernel.diagonal().sqrt())[:, None]
        products = lengths * lengths.mT
        cosine = (sigma**2 * kernel / products).clamp(-1, 1)
        angle = torch.arccos(cosine)
        kernel = products * (torch.sin(angle) + (torch.pi - angle) * cosine) / (2 * torch.pi)
    return kernel


def ridge_regression(kernel: Tensor, train: int, y: Tensor, ridge: Tensor) -> Tensor:
    """Predictions K(x, X) (K(X, X) + ridge I)^{-1} y at all points (..., N + T, C).

    Args:
        kernel: (..., N + T, N + T), the N trained points first.
        train: N.
        y: (..., N, C).
        ridge: (...,), N times the damping of the activities' second moment.
    """
    seen = kernel[..., :train, :train]
    identity = torch.eye(train, dtype=kernel.dtype, device=kernel.device)
    solved = torch.linalg.solve(seen + ridge[..., None, None] * identity, y)
    predictions: Tensor = kernel[..., :train] @ solved
    return predictions
