r"""Coordinates in which the prior of the order parameters is simple: Bartlett factors and log-chi variables.

Given the layers above it, U_l is a Wishart matrix with N_l degrees of freedom, so that

    u = sigma_a^2 c^2 / N_a,   U_l = A_l A_l^T,   A_l = sigma_l / sqrt(N_l) (I_{H_l} x A_{l+1}) B_l ,

with A_{L+1} = sqrt(u), and B_l lower triangular: standard normal below the diagonal, and on it chi variables
with N_l, N_l - 1, ... degrees of freedom. A chi variable c with k degrees enters as eta,

    ln c = ln(k) / 2 + eta / sqrt(2 k),   log density of eta = k ln c - c^2 / 2 + constant,

which is nearly standard normal. Source: derived in the theory notes, 3.5.
"""

from math import sqrt

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.network import Network


class Coordinates:
    """The map from coordinates z (..., n) to the order parameters of a network, and its prior density.

    The entries of z run from the readout to layer 1; in each layer come the diagonal, then what is below it,
    row by row.

    Attributes:
        dimension: n = 1 + sum of d_l (d_l + 1) / 2.
    """

    def __init__(self, network: Network) -> None:
        """Plan the coordinates.

        Raises:
            PosteriorError: if a layer is narrower than its order parameter, whose law is then singular.
        """
        *hidden, readout = network.widths
        self.heads, self.sizes = network.heads, tuple(network.sizes)
        for layer, (width, size) in enumerate(zip(hidden, self.sizes, strict=True), start=1):
            if width < size:
                raise PosteriorError(
                    f"the exact posterior needs widths of at least the size of the order parameters: layer "
                    f"{layer} has width {width}, and its order parameter is {size} x {size}"
                )
        self._readout_degrees = torch.tensor([float(readout)], dtype=torch.float64)
        self._readout_variance = network.readout_variance
        self._scales = [
            sqrt(variance / width) for variance, width in zip(network.value_variances, hidden, strict=True)
        ]
        self._degrees = [
            torch.arange(width, width - size, -1, dtype=torch.float64)
            for width, size in zip(hidden, self.sizes, strict=True)
        ]
        self._below = [torch.tril_indices(size, size, -1) for size in self.sizes]
        self.dimension = 1 + sum(size * (size + 1) // 2 for size in self.sizes)

    def order_parameters(self, z: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The readout's u (...,) and the matrices U_1, ..., U_L (..., d_l, d_l) at z (..., n)."""
        readout, factors = self.factors(z)
        return readout, tuple(factor @ factor.mT for factor in factors)

    def factors(self, z: Tensor) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The readout's u (...,) and lower triangular A_1, ..., A_L with U_l = A_l A_l^T, at z (..., n)."""
        readout = self._readout_variance * torch.exp(z[..., 0] * (2 / self._readout_degrees[0]).sqrt())
        above = readout.sqrt()[..., None, None]
        found: list[Tensor] = []
        for layer, diagonal, below in self._by_layer(z):
            degrees, size = self._degrees[layer], self.sizes[layer]
            chi = degrees.sqrt() * torch.exp(diagonal / (2 * degrees).sqrt())
            bartlett = torch.diag_embed(chi)
            rows, columns = self._below[layer]
            bartlett[..., rows, columns] = below
            by_head = bartlett.reshape(*z.shape[:-1], self.heads[layer], -1, size)
            above = self._scales[layer] * (above[..., None, :, :] @ by_head).flatten(-3, -2)
            found.append(above)
        return readout, tuple(reversed(found))

    def log_prior(self, z: Tensor) -> Tensor:
        """Log density of z (..., n) under the prior, (...,), 0 at z = 0."""
        total = _log_chi(z[..., :1], self._readout_degrees)
        for layer, diagonal, below in self._by_layer(z):
            total = total + _log_chi(diagonal, self._degrees[layer]) - below.square().sum(-1) / 2
        return total

    def _by_layer(self, z: Tensor) -> list[tuple[int, Tensor, Tensor]]:
        """Layers from L to 1 (counted from 0) with their parts of z: the diagonal, and what is below it."""
        start, parts = 1, []
        for layer in reversed(range(len(self.sizes))):
            size = self.sizes[layer]
            middle, end = start + size, start + size * (size + 1) // 2
            parts.append((layer, z[..., start:middle], z[..., middle:end]))
            start = end
        return parts


def _log_chi(eta: Tensor, degrees: Tensor) -> Tensor:
    """Log density of log-chi variables eta (..., m) with these degrees (m,), summed over them, 0 at 0."""
    steps = (2 / degrees).sqrt() * eta
    return (degrees / 2 * (steps - torch.expm1(steps))).sum(-1)
