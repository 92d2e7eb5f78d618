"""Expectation maximisation of mixtures of unit Gaussians: the optimiser that training is compared with.

Means are (..., component, visible) and log mixing weights (..., component): the leading dimensions are
mixtures that are fitted at once, each to its own examples. Theory notes 2.2 and 3.9.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.boltzmann.training import HIDDEN_BIAS, VISIBLE_BIAS, WEIGHTS
from widthscope.ensembles.parameters import Parameters


@dataclass(frozen=True)
class Mixture:
    """Mixtures of Gaussians of unit covariance.

    Attributes:
        means: (..., component, visible).
        log_mixing: logarithms of mixing weights, (..., component); minus infinity for a component that is
            never used.
    """

    means: Tensor
    log_mixing: Tensor


@dataclass(frozen=True)
class Fitted:
    """What expectation maximisation found.

    Attributes:
        mixture: after the last step that was taken.
        losses: its mean negative log likelihood in nats, (...,).
        converged: whether the last step lowered it by less than the tolerance, (...,).
        iterations: steps taken.
    """

    mixture: Mixture
    losses: Tensor
    converged: Tensor
    iterations: int


def on_examples(generator: torch.Generator, components: int, examples: Tensor) -> Mixture:
    """Means on examples (example, visible) drawn without replacement, with equal mixing weights.

    Raises:
        ValueError: if there are fewer examples than components.
    """
    if components > len(examples):
        raise ValueError(f"{components} components need as many examples, and there are {len(examples)}")
    chosen = torch.randperm(len(examples), generator=generator)[:components]
    return Mixture(examples.double()[chosen], torch.full((components,), -math.log(components)).double())


def expect(mixture: Mixture, examples: Tensor) -> tuple[Tensor, Tensor]:
    """Mean negative log likelihood (...,) and responsibilities (..., example, component) of the examples.

    Args:
        mixture: of leading dimensions (...,).
        examples: (..., example, visible).
    """
    means = mixture.means
    levels = mixture.log_mixing - torch.linalg.vecdot(means, means) / 2
    logits = examples @ means.mT + levels[..., None, :]
    densities = logits.logsumexp(dim=-1)
    squares = torch.linalg.vecdot(examples, examples) / 2
    constant = examples.shape[-1] * math.log(2 * math.pi) / 2
    return (squares - densities).mean(dim=-1) + constant, (logits - densities[..., None]).exp()


def maximise(responsibilities: Tensor, examples: Tensor, means: Tensor) -> Mixture:
    """The mixture of largest expected log likelihood at these responsibilities (..., example, component).

    A component that is responsible for nothing keeps its mean of `means` and gets the mixing weight 0.
    """
    shares = responsibilities.sum(dim=-2)
    sums = responsibilities.mT @ examples
    used = (shares > 0)[..., None]
    moved = torch.where(used, sums / torch.where(used, shares[..., None], 1.0), means)
    return Mixture(moved, (shares / examples.shape[-2]).log())


def fit(start: Mixture, examples: Tensor, iterations: int, tolerance: float = 1e-10) -> Fitted:
    """Alternate both steps until no mixture's loss falls by more than the tolerance.

    Args:
        start: of leading dimensions (...,).
        examples: (..., example, visible), of the dtype of `start`.
        iterations: at most.
        tolerance: in nats.

    Raises:
        ValueError: if there is no iteration to take.
    """
    if iterations < 1:
        raise ValueError(f"iterations {iterations} must be at least 1")
    mixture = start
    losses, responsibilities = expect(mixture, examples)
    taken = 0
    while taken < iterations:
        taken += 1
        mixture = maximise(responsibilities, examples, mixture.means)
        new, responsibilities = expect(mixture, examples)
        converged, losses = losses - new < tolerance, new
        if bool(converged.all()):
            break
    return Fitted(mixture, losses, converged, taken)


def machine_of(mixture: Mixture) -> Parameters:
    """The attentional machine with this density: b = 0, w_j the means, c_j = log pi_j - |w_j|^2 / 2.

    Of the machines with one density, it is the one without a visible bias: theory notes 2.2.
    """
    means = mixture.means
    return {
        WEIGHTS: means,
        VISIBLE_BIAS: means.new_zeros(*means.shape[:-2], means.shape[-1]),
        HIDDEN_BIAS: mixture.log_mixing - torch.linalg.vecdot(means, means) / 2,
    }
