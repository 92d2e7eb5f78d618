"""Norms of a Kronecker product and of its factors: theory notes 3.3 (docs/theory/pk_mixer.md)."""

import math

import torch
from scipy.optimize import minimize_scalar
from torch import Tensor

from widthscope.studies.pk_mixer.identities.dense_forms import UNIT, product

SEARCH = 1e-9
"""Relative tolerance of a minimum that is searched for."""


def norm_deviations(V: Tensor, W: Tensor) -> dict[str, tuple[float, float]]:
    """Identities of ||B||_1, ||B||_F and the least penalty, right and wrong, in units of their tolerance.

    Sums of n terms differ in rounding by at most 2 n u relative. Wrong are the sum of the factors' norms for
    each norm, and the squared ||B||_F for the least penalty over rescalings V -> a V, W -> W / a.
    """
    B = product(V.T, W)
    rounding = 2 * B.numel() * UNIT
    sizes = {}
    for name, order in (("sum of absolute values", 1), ("Frobenius norm", 2)):
        whole, first, second = (float(torch.linalg.vector_norm(item, order)) for item in (B, V, W))
        sizes[name] = (whole, first * second, first + second, rounding)
    squares = [float(item.square().sum()) for item in (V, W)]

    def penalty(log_scale: float) -> float:
        factor = math.exp(2 * log_scale)
        return (factor * squares[0] + squares[1] / factor) / 2

    found = minimize_scalar(penalty, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9})
    frobenius = float(B.norm())
    sizes["least penalty"] = (float(found.fun), frobenius, frobenius**2, SEARCH)
    return {
        name: (abs(right / whole - 1) / unit, abs(wrong / whole - 1) / unit)
        for name, (whole, right, wrong, unit) in sizes.items()
    }


def bound_slack(V: Tensor, W: Tensor) -> tuple[float, float]:
    """1 - ||B||_1 / bound, for (n_W ||V||_F^2 + n_V ||W||_F^2) / 2 and for (||V||_F^2 + ||W||_F^2) / 2.

    The second bounds ||B||_F, and not ||B||_1.
    """
    absolute = float(product(V.T, W).abs().sum())
    squares = [float(item.square().sum()) for item in (V, W)]
    right = (W.numel() * squares[0] + V.numel() * squares[1]) / 2
    return 1 - absolute / right, 1 - absolute / (sum(squares) / 2)


def equality_slack(V: Tensor, W: Tensor) -> tuple[float, float]:
    """Size of the bound's slack over its rounding: for entries all of one size, and for V of twice that.

    Signs are those of V and W.
    """
    size = 0.3
    signs = [item.sign() * size for item in (V, W)]
    unit = 4 * V.numel() * W.numel() * UNIT
    return (
        abs(bound_slack(signs[0], signs[1])[0]) / unit,
        abs(bound_slack(2 * signs[0], signs[1])[0]) / unit,
    )
