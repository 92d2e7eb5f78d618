"""Lyapunov exponents over a finite horizon: singular values of the product of T step Jacobians.

They say by how much the best of all tangents has grown after T steps, which a map that is not normal makes
positive without any chaos: 0.190 at T = 16 for a random normalised layer whose exponent in the long run is 0
(theory notes, trap 2; arXiv:2505.19458, appendix B.3). Never report them without those of `lyapunov`.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.spectra.dense_memory import DENSE_SINGULAR, fits, require_fit
from widthscope.spectra.dynamics import Dynamics, checked_state
from widthscope.spectra.frames import random_frame
from widthscope.spectra.largest_singular import largest_singular_values
from widthscope.spectra.product_map import ProductMap

_EPS = torch.finfo(torch.float64).eps


@dataclass(frozen=True)
class FiniteTime:
    """Exponents by decreasing size.

    Attributes:
        exponents: (batch, count) ln sigma_i / T; NaN from where sigma_i is within the rounding of sigma_1,
            which is about max(1e-14, n eps) of it: use `product_exponents` for those.
        residuals: (batch, count) error of sigma_i relative to it, as far as the method knows.
        converged: (batch, count) whether the iteration's tolerance was met, or the value is resolved.
        method: "dense" (SVD of the product) or "golub-kahan".
        steps: T.
        state: (batch, n) where the trajectories end.
    """

    exponents: Tensor
    residuals: Tensor
    converged: Tensor
    method: str
    steps: int
    state: Tensor


def finite_time(
    dynamics: Dynamics,
    state: Tensor,
    steps: int,
    count: int = 1,
    *,
    method: str | None = None,
    start: Tensor | None = None,
    tolerance: float = 1e-9,
    subspace: int | None = None,
) -> FiniteTime:
    """The `count` largest exponents (1/T) ln sigma_i of the T-step Jacobian at each state.

    Args:
        dynamics: the map.
        state: (batch, n) float64, where the trajectories start.
        steps: T >= 1.
        count: exponents, at most n.
        method: "dense" or "golub-kahan"; where None, dense up to n = `DENSE_SINGULAR` or if a quarter of all
            are wanted, and it fits the memory.
        start: (batch, n) vector that Golub-Kahan starts from; random where None.
        tolerance: of Golub-Kahan's residuals, relative to their values.
        subspace: largest dimension of Golub-Kahan's subspace.

    Raises:
        ValueError: if the method is unknown, or count or steps are out of range.
        DynamicsError: if "dense" is asked for and does not fit the memory.
    """
    batch, n = checked_state(state).shape
    if not 1 <= count <= n or steps < 1:
        raise ValueError(f"count must be within 1 and {n} and steps at least 1, not {count} and {steps}")
    if method not in (None, "dense", "golub-kahan"):
        raise ValueError(f"the method is dense or golub-kahan, not {method}")
    if method is None:
        small = n <= DENSE_SINGULAR or 4 * count >= n
        method = "dense" if small and fits(n, batch) else "golub-kahan"
    if method == "dense":
        return _by_product(dynamics, state, steps, count)
    start = random_frame(state, 1)[:, 0] if start is None else start
    product = ProductMap(dynamics, state, steps, start)
    found = largest_singular_values(
        product.matvec, product.rmatvec, start, count, tolerance=tolerance, subspace=subspace
    )
    return _logarithms(
        found.values,
        found.residuals / found.values,
        found.converged,
        product.log_scale,
        ("golub-kahan", steps, product.states[-1]),
        n,
    )


def _by_product(dynamics: Dynamics, state: Tensor, steps: int, count: int) -> FiniteTime:
    """Of the product itself, which is divided by its norm at each step."""
    batch, n = state.shape
    require_fit(n, batch)
    product = torch.eye(n, dtype=state.dtype, device=state.device).expand(batch, n, n)
    log_scale = state.new_zeros(batch)
    for _ in range(steps):
        product = dynamics.jacobian(state) @ product
        norm = torch.linalg.matrix_norm(product)
        norm = torch.where(norm > 0, norm, 1.0)
        product = product / norm[:, None, None]
        log_scale = log_scale + norm.log()
        state = dynamics.step(state)
    finite = product.isfinite().all(-1).all(-1)
    sigma = torch.linalg.svdvals(torch.where(finite[:, None, None], product, 0.0))[:, :count]
    sigma = torch.where(finite[:, None], sigma, torch.nan)
    error = n**0.5 * _EPS * sigma[:, :1] / sigma
    return _logarithms(sigma, error, sigma.isfinite(), log_scale, ("dense", steps, state), n)


def _logarithms(
    sigma: Tensor, error: Tensor, converged: Tensor, log_scale: Tensor, done: tuple[str, int, Tensor], n: int
) -> FiniteTime:
    method, steps, state = done
    resolved = sigma > max(1e-14, n * _EPS) * sigma[:, :1]
    exponents = torch.where(resolved, (sigma.log() + log_scale[:, None]) / steps, torch.nan)
    vanished = sigma[:, :1] == 0  # the whole product: every exponent is -inf
    exponents = torch.where(vanished, -torch.inf, exponents)
    return FiniteTime(exponents, error, converged & (resolved | vanished), method, steps, state)
