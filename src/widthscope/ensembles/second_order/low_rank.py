"""An update as two factors of a few rows, which is never formed, and one pass through the network."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.parameters import Parameters, column
from widthscope.models.mlp import Forward, backward, forward, layer_names, squared_loss


class LowRankUpdate(NamedTuple):
    """A descent direction of one layer's weights, left^T right, to be subtracted from them.

    Attributes:
        left: (member, K, n_l).
        right: (member, K, n_{l-1}).
    """

    left: Tensor
    right: Tensor

    def matrix(self) -> Tensor:
        """The direction itself, (member, n_l, n_{l-1})."""
        return torch.bmm(self.left.mT, self.right)

    def effect(self, inputs: Tensor) -> Tensor:
        """What a unit rate takes from h_l at these inputs a_{l-1} (member, samples, n_{l-1}).

        Costs samples x K x (n_l + n_{l-1}) instead of samples x n_l x n_{l-1}.

        Returns:
            (member, samples, n_l); the change of h_l is minus the rate times this.
        """
        return torch.bmm(torch.bmm(inputs, self.right.mT), self.left)

    def root_mean_square(self) -> Tensor:
        """Of the direction's entries, (member,), without forming it."""
        grams = torch.bmm(self.left, self.left.mT) * torch.bmm(self.right, self.right.mT)
        squared = grams.flatten(1).sum(dim=1).clamp(min=0)
        return (squared / (self.left.shape[2] * self.right.shape[2])).sqrt()

    def subtracted_from(self, weights: Tensor, rate: Tensor) -> Tensor:
        """New weights, W - rate left^T right; `rate` is (member,), or (1,) for all."""
        scaled = self.left * column(rate.to(weights), weights)
        return torch.baddbmm(weights, scaled.mT, self.right, alpha=-1)


class Passed(NamedTuple):
    """What one pass forward and back leaves.

    Attributes:
        forward: activities.
        signals: delta_1, ..., delta_L, rows without a factor 1/N.
        losses: (1/2N) sum_n |f_n - y_n|^2 of each member.
    """

    forward: Forward
    signals: tuple[Tensor, ...]
    losses: Tensor

    def layers(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Inputs a_{l-1} and signals delta_l of each layer, by name."""
        pairs = zip(self.forward.inputs, self.signals, strict=True)
        return dict(zip(layer_names(len(self.signals)), pairs, strict=True))


def passed_through(parameters: Parameters, batch: Batch, activation: str) -> Passed:
    """One pass of batch["x"] (member, N, D) and the residuals against batch["y"] (member, N, C) back."""
    run = forward(parameters, batch["x"], activation)
    signals = backward(parameters, run, run.outputs - batch["y"], activation)
    return Passed(run, signals, squared_loss(run.outputs, batch["y"]))


def gradient_update(inputs: Tensor, signals: Tensor) -> LowRankUpdate:
    """The gradient (1/N) signals^T inputs."""
    return LowRankUpdate(signals / signals.shape[1], inputs)


def updated(
    parameters: Parameters,
    updates: Mapping[str, LowRankUpdate],
    rates: Mapping[str, Tensor],
    factor: float = 1.0,
) -> Parameters:
    """New parameters; a layer without an update is the same tensor as before."""
    return {
        name: updates[name].subtracted_from(weights, rates[name].to(weights) * factor)
        if name in updates
        else weights
        for name, weights in parameters.items()
    }


def trained_layers(parameters: Parameters, rates: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Names of the layers that are updated at all, in order: those with a rate other than 0 in any member."""
    return tuple(name for name in parameters if name in rates and bool((rates[name] != 0).any()))
