"""Order parameters of the posterior: overlaps of effective weights, and their closed forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.given_numbers import Numbers, as_float64
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.network import Network

_SYMMETRIC = 1e-5  # of the largest entry: what float32 leaves of symmetry


@dataclass(frozen=True)
class OrderParameters:
    """u = |a|^2 / N_a and U_1..U_L, symmetric positive definite (d_l, d_l) in float64, layer 1 first."""

    readout: float
    matrices: tuple[Tensor, ...]

    @property
    def path_weights(self) -> Tensor:
        """U_1, (D, D): the weight of every pair of paths in the kernel."""
        return self.matrices[0]


def gaussian_process(network: Network) -> OrderParameters:
    """The infinite-width point: U_l = sigma_l^2 ... sigma_L^2 sigma_a^2 I and u = sigma_a^2.

    Raises:
        PosteriorError: if matrices of D x D would not fit in memory.
    """
    refuse_too_large(
        f"order parameters of {network.paths} attention paths (heads {network.heads})",
        8 * 4 * network.paths**2,
        "take fewer heads or layers",
    )
    scale = network.readout_variance
    matrices: list[Tensor] = []
    for size, variance in zip(reversed(network.sizes), reversed(network.value_variances), strict=True):
        scale *= variance
        matrices.append(scale * torch.eye(size, dtype=torch.float64))
    return OrderParameters(network.readout_variance, tuple(reversed(matrices)))


def given_path_weights(U: Any, paths: int) -> Tensor:
    """U (..., D, D) as a tensor in float64, checked.

    Args:
        U: tensor, NumPy array or lists.
        paths: D.

    Raises:
        PosteriorError: if it is a solution, not of this shape, not finite or not symmetric.
    """
    if hasattr(U, "path_weights"):
        raise PosteriorError(
            f"order parameters are a matrix U, not a whole {type(U).__name__}: say `solution.path_weights`"
        )
    matrices = as_float64(U, "order parameters")
    if matrices.shape[-2:] != (paths, paths):
        raise PosteriorError(
            f"order parameters have shape (..., {paths}, {paths}), not {tuple(matrices.shape)}"
        )
    if not bool(torch.isfinite(matrices).all()):
        raise PosteriorError("the order parameters are not all finite")
    size = matrices.abs().amax(dim=(-2, -1))
    apart = (matrices - matrices.mT).abs().amax(dim=(-2, -1))
    if bool((apart > _SYMMETRIC * size).any()):
        raise PosteriorError(
            f"order parameters are symmetric matrices, and these differ from their transposes by "
            f"{float(apart.max()):.2g}"
        )
    return matrices


def partial_trace(matrix: Tensor, heads: int) -> Tensor:
    """Sum over the slowest index, p(U) = sum_h U[(h,.),(h,.)]: (..., d, d) of (..., H d, H d).

    Raises:
        PosteriorError: if the matrix is not square or its size is not a multiple of `heads`.
    """
    size = matrix.shape[-1]
    if matrix.shape[-2] != size or size % heads != 0:
        raise PosteriorError(f"a matrix {tuple(matrix.shape)} has no partial trace over {heads} heads")
    rest = size // heads
    blocks = matrix.reshape(*matrix.shape[:-2], heads, rest, heads, rest)
    return blocks.diagonal(dim1=-4, dim2=-2).sum(-1)


def over_heads(matrix: Tensor, heads: int) -> Tensor:
    """I (x) matrix, (..., H d, H d) of (..., d, d): the same block for every value of the slowest index."""
    size = matrix.shape[-1]
    blocks = matrix.new_zeros(*matrix.shape[:-2], heads, size, heads, size)
    blocks.diagonal(dim1=-4, dim2=-2).copy_(matrix.unsqueeze(-1).expand(*matrix.shape, heads))
    return blocks.reshape(*matrix.shape[:-2], heads * size, heads * size)


def trace(matrix: Tensor) -> Tensor:
    """Traces (...) of matrices (..., d, d)."""
    return matrix.diagonal(dim1=-2, dim2=-1).sum(-1)


def eliminated_readout(traces: Tensor, network: Network) -> Tensor:
    """The u (...) that minimises the action given tr U_L (...): u = (-b + sqrt(b^2 + 4 g)) / 2.

    b = sigma_a^2 (H_L N_L / N_a - 1) and g = tr(U_L) N_L sigma_a^2 / (N_a sigma_L^2).

    Source: derived in the theory notes, 3.
    """
    variance, ratio = network.readout_variance, network.widths[-2] / network.widths[-1]
    b = variance * (network.heads[-1] * ratio - 1.0)
    g = traces * (ratio * variance / network.value_variances[-1])
    root = (b * b + 4.0 * g).sqrt()
    # Where b > 0 the difference of two near numbers is written as a quotient.
    return 2.0 * g / (b + root) if b > 0 else 0.5 * (root - b)


def layer_update(layer: int, below: Tensor, above: Tensor | float, network: Network) -> Tensor:
    """The U_l that makes the action stationary given its neighbours, for layers l = 2..L (counted from 1).

    With M = sigma_l^2 I (x) U_{l+1}, beta = (N_{l-1} H_{l-1} - N_l) / N_l and
    R = N_{l-1} / (N_l sigma_{l-1}^2) M^{-1/2} p_{l-1}(U_{l-1}) M^{-1/2},

        U_l = M^{1/2} [ -beta/2 I + (beta^2/4 I + R)^{1/2} ] M^{1/2} .

    Args:
        layer: l.
        below: U_{l-1}, (d_{l-1}, d_{l-1}).
        above: U_{l+1}, (d_{l+1}, d_{l+1}), or u where l = L.
        network: heads, widths and variances.

    Source: derived in the theory notes, 3.

    Raises:
        PosteriorError: if the layer is not one of 2..L.
    """
    if not 2 <= layer <= network.layers:
        raise PosteriorError(f"the closed form holds for layers 2 to {network.layers}, not {layer}")
    above = torch.full((1, 1), above, dtype=torch.float64) if not isinstance(above, Tensor) else above
    widths, heads, variances = network.widths, network.heads, network.value_variances
    values, vectors = torch.linalg.eigh(over_heads(variances[layer - 1] * above, heads[layer - 1]))
    root, inverse = ((vectors * values**power) @ vectors.mT for power in (0.5, -0.5))
    ratio = widths[layer - 2] / widths[layer - 1]
    beta = ratio * heads[layer - 2] - 1.0
    R = ratio / variances[layer - 2] * inverse @ partial_trace(below, heads[layer - 2]) @ inverse
    values, vectors = torch.linalg.eigh(0.5 * (R + R.mT))
    roots = (beta * beta / 4.0 + values.clamp(min=0.0)).sqrt()
    # As a quotient where beta > 0, for the same reason as above.
    solved = values / (beta / 2.0 + roots) if beta > 0 else roots - beta / 2.0
    solution: Tensor = root @ ((vectors * solved) @ vectors.mT) @ root
    return solution


def head_scores(U: Numbers, heads: Sequence[int]) -> tuple[Tensor, ...]:
    """Scores (H_l,) of every layer's heads, the largest of all being 1, of U (D, D).

    The score of a head is the sum of |U_{pi pi'}| over all entries in which the head is in pi or in pi', each
    entry counted once, divided by the largest score (arXiv:2405.15926).

    Raises:
        PosteriorError: if U does not have one row per path, is not finite or symmetric, or is 0.
    """
    if not isinstance(heads, Sequence) or not all(isinstance(count, int) and count > 0 for count in heads):
        raise PosteriorError(
            f"heads are whole numbers above 0, one a layer, for example (2, 2), not {heads!r}"
        )
    layers, paths = len(heads), prod(heads)
    shape = getattr(U, "shape", None)
    if shape is not None and tuple(shape) != (paths, paths):
        raise PosteriorError(f"heads {tuple(heads)} have {paths} paths; U is {tuple(shape)}")
    matrix = given_path_weights(U, paths)
    if matrix.dim() != 2 or not bool(matrix.any()):
        raise PosteriorError(f"scores are of one matrix U ({paths}, {paths}) that is not all 0")
    size = matrix.abs().reshape(*heads, *heads)
    scores = []
    for layer, count in enumerate(heads):
        others = tuple(axis for axis in range(2 * layers) if axis not in (layer, layers + layer))
        pairs = size.sum(dim=others) if others else size  # (H_l, H_l): head in pi, head in pi'
        scores.append(torch.stack([pairs[h].sum() + pairs[:, h].sum() - pairs[h, h] for h in range(count)]))
    largest = max(float(score.max()) for score in scores)
    return tuple(score / largest for score in scores)
