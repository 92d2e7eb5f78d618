r"""Feedback maps of target propagation, g_l(z) = Q_l psi(z): drawn, learned, fitted, and compared.

psi is the identity at the output and the network's phi below. A map learns to reconstruct the layer's input
h_{l-1} from its output,

    n = h_{l-1} + eps xi,   z = W_l phi(n),   Q_l <- Q_l - rate_l (1/N) (Q_l psi(z) - n)^T psi(z) .

Parameters hold the weights W1, ..., WL and the maps Q2, ..., QL (member, n_{l-1}, n_l).

Source: Lee, Zhang, Fischer and Bengio, arXiv:1412.7525; exponents of the width are derived in the theory
notes, 3.3.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.independence import first_members, in_company, needs_company, one_thread
from widthscope.ensembles.local.inference import LocalRuleError
from widthscope.ensembles.local.weight_step import Rates, stepped
from widthscope.ensembles.optimisers import State
from widthscope.models.mlp import Forward, Parameters, activate, forward
from widthscope.streams import Name, torch_generator


@dataclass(frozen=True)
class Noise:
    """What a map's inputs are perturbed by: a pure function of each member's stream and the step.

    Attributes:
        keys: names of each member's stream, as of `Members.keys`; members that share one share the draw.
        size: eps.
    """

    keys: Sequence[tuple[Name, ...]]
    size: float = 0.1

    def __call__(self, step: int, like: Sequence[Tensor]) -> list[Tensor]:
        """eps xi of the shapes (member, N, n) of `like`, drawn in float32 in their order."""
        unique = list(dict.fromkeys(self.keys))
        generators = [torch_generator(*key, step) for key in unique]
        places = [unique.index(key) for key in self.keys]
        found = []
        for values in like:
            drawn = torch.stack([torch.randn(values.shape[1:], generator=g) for g in generators])
            shared = drawn.mul_(self.size).to(values)[places]
            found.append(shared.expand_as(values))  # a lone member has a copy of itself for company
        return found


@dataclass(frozen=True)
class FeedbackLearning:
    """One step of the maps alone, for `train` or `pretrained`; the weights stand still.

    The loss that it returns is the mean square that is left of all maps' inputs, summed over layers.

    Attributes:
        activation: of the network.
        rates: learning rate of each map, Q_l; one left out stands still.
        noise: of the maps' inputs; None for none.
    """

    activation: str
    rates: Rates
    noise: Noise | None = None

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `gradient_step.Step`."""
        passed = forward(weights_of(parameters), batch["x"], self.activation)
        new, left = self.moved(parameters, passed, step)
        return new, state, torch.stack(list(left.values())).sum(dim=0)

    def moved(
        self, parameters: Parameters, passed: Forward, step: int
    ) -> tuple[Parameters, dict[str, Tensor]]:
        """Parameters with the maps one step further, and each map's mean square left before, (member,)."""
        inputs = passed.preactivations[:-1]
        if self.noise is not None:
            drawn = self.noise(step, inputs)
            inputs = tuple(h + more for h, more in zip(inputs, drawn, strict=True))
        left = reconstruction(parameters, inputs, self.activation)
        errors = [-missing for missing, _ in left.values()]
        images = [image for _, image in left.values()]
        new = stepped(parameters, list(left), errors, images, self.rates)
        return new, {name: missing.square().flatten(1).mean(dim=1) for name, (missing, _) in left.items()}


def initial_feedback(generator: torch.Generator, sizes: tuple[int, ...]) -> Parameters:
    """One member's maps, Q_l ~ N(0, 1 / n_l) of shape (n_{l-1}, n_l), float64, without a member dimension.

    The last map has entries of order one, since C stays; hidden ones ~ M^-1/2.
    """
    drawn = {}
    for layer in range(2, len(sizes)):
        normal = torch.randn(sizes[layer - 1], sizes[layer], generator=generator, dtype=torch.float64)
        drawn[f"Q{layer}"] = normal / math.sqrt(sizes[layer])
    return drawn


def pretrained(
    parameters: Parameters, learning: FeedbackLearning, batches: Callable[[int], Batch], steps: int
) -> Parameters:
    """The maps after `steps` steps of their own, before the weights start to learn; all else as it is.

    Give its noise a stream of its own, or the training that follows sees the same draws again. Maps that
    overflow are returned so: the weights' first step then notes the member as diverged.
    """
    lone = needs_company(parameters)
    members = len(next(iter(parameters.values())))
    current = in_company(parameters) if lone else parameters
    state = learning.start(current)
    with one_thread():
        for step in range(steps):
            batch = batches(step)
            current, state, _ = learning(current, state, in_company(batch) if lone else batch, step)
    return first_members(current, members)


def reconstruction(
    parameters: Parameters, inputs: Sequence[Tensor], activation: str
) -> dict[str, tuple[Tensor, Tensor]]:
    """What each map misses of its layer's input, and what it starts from.

    Args:
        parameters: weights and maps by name.
        inputs: n of the layers 2, ..., L before phi: h_1, ..., h_{L-1}, or these with noise.
        activation: of the network.

    Returns:
        by the map's name Q_l psi(z) - n (member, N, n_{l-1}), and psi(z) (member, N, n_l).
    """
    last = layers_of(parameters)
    found = {}
    for layer, before in enumerate(inputs, start=2):
        image = torch.bmm(activate(activation, before), parameters[f"W{layer}"].mT)
        if layer < last:
            image = activate(activation, image)
        missing = torch.baddbmm(before, image, parameters[f"Q{layer}"].mT, beta=-1)
        found[f"Q{layer}"] = (missing, image)
    return found


def reconstruction_errors(parameters: Parameters, passed: Forward, activation: str) -> dict[str, Tensor]:
    """Mean square of Q_l psi(h_l) - h_{l-1} per coordinate of each member (member,), by the map's name."""
    left = reconstruction(parameters, passed.preactivations[:-1], activation)
    return {name: missing.square().flatten(1).mean(dim=1) for name, (missing, _) in left.items()}


def ridge_feedback(states: Tensor, images: Tensor, ridge: float | Tensor) -> Tensor:
    """Q* = E[h f^T] (E[f f^T] + ridge I)^-1, (member, n, C): the best linear map of f back to h.

    Args:
        states: h, (member, N, n).
        images: f, or psi of it, (member, N, C).
        ridge: at least 0, a number or one for each member; NaN comes out where the matrix is singular.
    """
    count, outputs = images.shape[1:]
    second = torch.bmm(images.mT, images) / count
    eye = torch.eye(outputs, dtype=images.dtype, device=images.device)
    shift = ridge.to(images)[:, None, None] * eye if isinstance(ridge, Tensor) else ridge * eye
    factor, info = torch.linalg.cholesky_ex(second + shift)
    factor = torch.where((info == 0)[:, None, None], factor, torch.nan)
    return torch.cholesky_solve(torch.bmm(images.mT, states) / count, factor).mT


def alignment(feedback: Tensor, weights: Tensor) -> Tensor:
    """Cosine between Q_l (member, n_{l-1}, n_l) and W_l^T, (member,)."""
    first, second = feedback.flatten(1), weights.mT.flatten(1)
    lengths = first.square().sum(dim=1).sqrt() * second.square().sum(dim=1).sqrt()
    return (first * second).sum(dim=1) / lengths


def readout_through(feedback: Tensor, readout: Tensor) -> Tensor:
    """Mean of the diagonal of W_L Q_L, (member,): how far what g_L asks for comes about at the output."""
    return (readout * feedback.mT).sum(dim=2).mean(dim=1)


def layers_of(parameters: Mapping[str, Tensor]) -> int:
    """L, the number of weights W1, ..., WL among the parameters."""
    return sum(name.startswith("W") for name in parameters)


def weights_of(parameters: Parameters) -> Parameters:
    """The network's weights alone, without the maps."""
    return {name: value for name, value in parameters.items() if name.startswith("W")}


def require_feedback(parameters: Parameters) -> None:
    """Refuse parameters that lack a map.

    Raises:
        LocalRuleError: if there is no Q_l for a layer above the first.
    """
    for layer in range(2, layers_of(parameters) + 1):
        if f"Q{layer}" not in parameters:
            raise LocalRuleError(
                f"target propagation needs the feedback map Q{layer}; there are {', '.join(parameters)}"
            )
