"""Student laws from which order parameters are proposed: at the posterior's mode, then at a pilot's moments.

The curvature at the mode says too little where few degrees of freedom or a low temperature make the posterior
skewed. A pilot's weighted moments are better, as far as its draws can tell them: n of them are needed for a
mean, n (n + 1) / 2 for a covariance, and with fewer effective draws the mode and its curvature keep most of
the say. Whatever the proposal, weights make averages exact.
"""

from dataclasses import dataclass

import torch
from scipy.special import gammaincinv
from scipy.stats.qmc import Sobol
from torch import Tensor

from widthscope.streams import Name, numpy_generator


@dataclass(frozen=True)
class Student:
    """A multivariate Student law: place + root t, with t standard.

    Attributes:
        place: (n,).
        root: lower triangular, (n, n); the covariance is root root^T degrees / (degrees - 2).
    """

    place: Tensor
    root: Tensor

    @property
    def degrees(self) -> float:
        """Degrees of freedom: 8, so that tails are heavier than the posterior's and weights bounded.

        In many dimensions n they are n / 2, or the spread of the distance from the centre, which grows as
        sqrt(n / degrees) beside that of a normal law, would waste most draws.
        """
        return max(8.0, len(self.place) / 2)

    def draws(self, count: int, names: tuple[Name, ...]) -> Tensor:
        """Points z (count, n) from a scrambled Sobol sequence; `count` is a power of two.

        One more coordinate of the sequence gives the chi-squared variable that all entries of a draw share.
        """
        points = Sobol(len(self.place) + 1, scramble=True, rng=numpy_generator(*names)).random(count)
        uniform = torch.as_tensor(points).clamp(1e-12, 1 - 1e-12)
        chi_squared = 2 * torch.as_tensor(gammaincinv(self.degrees / 2, uniform[:, -1].numpy()))
        steps = torch.special.ndtri(uniform[:, :-1]) * (self.degrees / chi_squared).sqrt()[:, None]
        found: Tensor = self.place + steps @ self.root.mT
        return found

    def log_density(self, z: Tensor) -> Tensor:
        """Log density at z (..., n), (...,), up to a constant."""
        steps = self.standard(z)
        return -(self.degrees + z.shape[-1]) / 2 * torch.log1p(steps.square().sum(-1) / self.degrees)

    def standard(self, z: Tensor) -> Tensor:
        """The t of z (S, n), (S, n)."""
        found: Tensor = torch.linalg.solve_triangular(self.root, (z - self.place).mT, upper=False).mT
        return found


def adapted(pilot: Student, z: Tensor, log_weights: Tensor) -> Student:
    """The Student law with the moments of a pilot's draws, as far as they can be told.

    Weights are cut off at sqrt(S) times their mean, so that no single draw decides.

    Args:
        pilot: where the draws are from.
        z: they (S, n).
        log_weights: their log weights, up to a constant, (S,).
    """
    weights = log_weights.softmax(dim=0)
    weights = weights.clamp(max=len(weights) ** -0.5)
    weights = weights / weights.sum()
    effective, dimension = 1 / weights.square().sum(), z.shape[-1]
    steps = pilot.standard(z)
    centre = effective / (effective + dimension) * (weights @ steps)
    spread = ((steps - centre) * weights[:, None]).mT @ (steps - centre)
    share = effective / (effective + dimension * (dimension + 1) / 2)
    shape = share * (pilot.degrees - 2) / pilot.degrees * spread
    shape.diagonal().add_(1 - share)
    return Student(pilot.place + pilot.root @ centre, pilot.root @ torch.linalg.cholesky(shape))
