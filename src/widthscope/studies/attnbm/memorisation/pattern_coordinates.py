r"""Gradient descent on orthogonal patterns, in the patterns' own coordinates: the same run at a lower cost.

Where the P patterns v_p are orthogonal with squared norm V, a minibatch moves each w_j only along its own
patterns, and the model term shrinks the whole of w_j by 1 - rate pi_j. So of w_j its coordinates along the
patterns and the squared norm of the rest are all that matters, and one update touches H x B numbers in place
of H x N: the shrinking is kept as one factor for each hidden unit, and multiplied in once in an epoch.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.boltzmann.training import LEAST_EXPONENT
from widthscope.ensembles.batches import epochs
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters

COORDINATES, OUTSIDE, HIDDEN_BIAS = "coordinates", "outside", "hidden_bias"


def small(generator: torch.Generator, hidden: int, pixels: int, patterns: int) -> Parameters:
    """One member's w_j ~ N(0, 1/N) in these coordinates (pattern, hidden), and c = 0, in float64.

    Args:
        generator: on the CPU.
        hidden: H.
        pixels: N.
        patterns: P <= N.
    """
    drawn = torch.randn(hidden, pixels, generator=generator, dtype=torch.float64) / math.sqrt(pixels)
    return {
        COORDINATES: drawn[:, :patterns].T.contiguous(),
        OUTSIDE: drawn[:, patterns:].square().sum(dim=1),
        HIDDEN_BIAS: torch.zeros(hidden, dtype=torch.float64),
    }


def at_patterns(parameters: Parameters, squared_norm: float) -> Parameters:
    """The same member with its first P hidden units on the patterns, w_p = v_p.

    Args:
        parameters: of one member with H >= P, as from `small`.
        squared_norm: V.
    """
    found = {name: value.clone() for name, value in parameters.items()}
    patterns = len(found[COORDINATES])
    found[COORDINATES][:, :patterns] = math.sqrt(squared_norm) * torch.eye(patterns, dtype=torch.float64)
    found[OUTSIDE][:patterns] = 0
    return found


@dataclass(frozen=True)
class PatternOrder:
    """For each epoch, which patterns each minibatch has.

    Attributes:
        order: (member, epoch, update, batch).
    """

    order: Tensor

    @classmethod
    def drawn(
        cls, generators: list[torch.Generator], patterns: int, batch: int, count: int
    ) -> "PatternOrder":
        """A new permutation of the patterns for each member and epoch; the batch divides the patterns."""
        updates = patterns // batch
        order = epochs(generators, patterns, batch, count * updates)
        return cls(order.reshape(len(generators), count, updates, batch))

    def __call__(self, step: int) -> dict[str, Tensor]:
        """Patterns of this epoch, (member, update, batch)."""
        return {"order": self.order[:, step].long()}


@dataclass(frozen=True)
class EpochOfDescent:
    """All updates of one epoch by plain gradient descent; a `gradient_step.Step` whose step is an epoch.

    The loss is the mean over the epoch's minibatches, each before its update, in nats without
    (N/2) log 2 pi.

    Attributes:
        squared_norm: V.
        learning_rate: of every update.
        train_bias: whether c is trained as well.
    """

    squared_norm: float
    learning_rate: float
    train_bias: bool = False

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`; the batch's ``order`` is (member, update, batch)."""
        order, root = batch["order"].to(parameters[COORDINATES].device), math.sqrt(self.squared_norm)
        weights, bias = parameters[COORDINATES].clone(), parameters[HIDDEN_BIAS]
        squares = weights.square().sum(dim=1).add_(parameters[OUTSIDE])
        shrunk = torch.ones_like(squares)
        members, size = torch.arange(len(weights), device=weights.device)[:, None], order.shape[2]
        losses = torch.zeros(len(weights), dtype=torch.float64, device=weights.device)
        for patterns in order.unbind(dim=1):
            along = weights[members, patterns].mul_(shrunk[:, None])
            inputs = torch.add(bias[:, None], along, alpha=root)
            largest = inputs.amax(dim=2, keepdim=True)
            shares = inputs.sub_(largest).clamp_min_(LEAST_EXPONENT).exp_()
            total = shares.sum(dim=2, keepdim=True)
            shares.div_(total)
            levels = torch.add(bias, squares, alpha=0.5)
            mixing = levels.softmax(dim=1)
            attended = total.log_().add_(largest).mean(dim=(1, 2))
            losses += (levels.logsumexp(dim=1) - attended).double()
            kept = 1 - self.learning_rate * mixing
            along.mul_(kept[:, None])
            # |a + d|^2 - |a|^2 = d . (2 a + d), with d what the minibatch adds along its patterns.
            added = shares * (self.learning_rate * root / size)
            squares.mul_(kept.square()).add_(torch.add(added, along, alpha=2).mul_(added).sum(dim=1))
            shrunk.mul_(kept)
            weights[members, patterns] = along.add_(added).div_(shrunk[:, None])
            if self.train_bias:
                bias = bias + self.learning_rate * (shares.mean(dim=1) - mixing)
        new = {
            COORDINATES: weights.mul_(shrunk[:, None]),
            OUTSIDE: parameters[OUTSIDE] * shrunk.square(),
            HIDDEN_BIAS: bias,
        }
        return new, state, losses / order.shape[1] + self.squared_norm / 2


def likelihoods(parameters: Parameters, squared_norm: float) -> Mapping[str, Tensor]:
    """``nll`` of each pattern without (N/2) log 2 pi, and its ``owner``, (member, pattern), in float64.

    The owner is the hidden unit of the largest responsibility.
    """
    weights, bias = parameters[COORDINATES].double(), parameters[HIDDEN_BIAS].double()
    inputs = weights * math.sqrt(squared_norm) + bias[:, None]
    levels = (weights.square().sum(dim=1) + parameters[OUTSIDE].double()) / 2 + bias
    nll = squared_norm / 2 + levels.logsumexp(dim=1)[:, None] - inputs.logsumexp(dim=2)
    return {"nll": nll, "owner": inputs.argmax(dim=2).double()}
