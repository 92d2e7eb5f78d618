"""Training by the closed gradient of the likelihood, members at once: initial values, and steps.

Parameters of a member are ``weights`` (component, visible) and, where they are trained, ``visible_bias``
(visible,) and ``hidden_bias`` (component,). A bias that is left out is 0 and stays so. A batch's ``visible``
is (member, batch, visible).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.closed_gradient import ClosedGradientStep
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import Adam, Rate, State
from widthscope.ensembles.parameters import Parameters, column
from widthscope.ensembles.schedules import warmup_cosine

WEIGHTS, VISIBLE_BIAS, HIDDEN_BIAS = "weights", "visible_bias", "hidden_bias"

LEAST_EXPONENT = -70.0
"""Responsibilities below its exponential, 4e-31, are set to that: far below the rounding of their sum, and
large enough that no product is a subnormal number, which a processor multiplies many times slower."""


def small(generator: torch.Generator, components: int, visible: int, biases: bool = True) -> Parameters:
    """Small random weights of one member, w ~ N(0, 1/N), and biases of 0, in float64.

    Args:
        generator: on the CPU.
        components: H.
        visible: N.
        biases: whether there are biases, and so whether they are trained.
    """
    weights = torch.randn(components, visible, generator=generator, dtype=torch.float64) / math.sqrt(visible)
    if not biases:
        return {WEIGHTS: weights}
    zeros = torch.zeros(visible, dtype=torch.float64), torch.zeros(components, dtype=torch.float64)
    return {WEIGHTS: weights, VISIBLE_BIAS: zeros[0], HIDDEN_BIAS: zeros[1]}


def from_data(generator: torch.Generator, components: int, examples: Tensor) -> Parameters:
    """Components on examples drawn without replacement, with equal mixing weights, in float64.

    b is the mean of the examples, w_j = x_j - b and c_j = -(|w_j|^2 / 2 + w_j . b): theory notes 3.9.

    Args:
        generator: on the CPU.
        components: H, at most as many as examples.
        examples: of one member, (example, visible).

    Raises:
        ValueError: if there are fewer examples than components.
    """
    if components > len(examples):
        raise ValueError(f"{components} components need as many examples, and there are {len(examples)}")
    data = examples.double()
    chosen = data[torch.randperm(len(data), generator=generator)[:components]]
    bias = data.mean(dim=0)
    weights = chosen - bias
    return {
        WEIGHTS: weights,
        VISIBLE_BIAS: bias,
        HIDDEN_BIAS: -(weights.square().sum(dim=1) / 2 + weights @ bias),
    }


@dataclass(frozen=True)
class Attention:
    """What one pass over a batch yields, for the loss and for every gradient.

    Attributes:
        losses: mean negative log likelihood in nats, (member,).
        responsibilities: softmax_j(w_j . v + c_j), (member, batch, component).
        mixing: softmax_j(|w_j|^2 / 2 + w_j . b + c_j), (member, component).
    """

    losses: Tensor
    responsibilities: Tensor
    mixing: Tensor


def attend(parameters: Parameters, visible: Tensor) -> Attention:
    """Losses, responsibilities and mixing weights of a batch (member, batch, visible).

    -log p(v) = |v - b|^2 / 2 - logsumexp_j(w_j . v + c_j) + (N / 2) log 2 pi
    + logsumexp_j(|w_j|^2 / 2 + w_j . b + c_j): theory notes 2.2.
    """
    weights = parameters[WEIGHTS]
    hidden = visible @ weights.mT
    levels = torch.linalg.vecdot(weights, weights) / 2
    deviation = visible
    if VISIBLE_BIAS in parameters:
        bias = parameters[VISIBLE_BIAS]
        levels = levels + (weights @ bias[..., None]).squeeze(-1)
        deviation = visible - bias[:, None]
    if HIDDEN_BIAS in parameters:
        hidden = hidden + parameters[HIDDEN_BIAS][:, None]
        levels = levels + parameters[HIDDEN_BIAS]
    # The largest of each row is taken off once: responsibilities and their sum share the exponentials.
    largest = hidden.amax(dim=-1, keepdim=True)
    powers = (hidden - largest).clamp_min_(LEAST_EXPONENT).exp_()
    total = powers.sum(dim=-1, keepdim=True)
    attended = (largest + total.log()).squeeze(-1).mean(dim=-1)
    normaliser = levels.logsumexp(dim=-1) + visible.shape[-1] * math.log(2 * math.pi) / 2
    flat = deviation.reshape(len(deviation), 1, -1)
    squares = (flat @ flat.mT).flatten() / visible.shape[1]
    losses = squares / 2 - attended + normaliser
    return Attention(losses, powers.div_(total), levels.softmax(dim=-1))


def likelihood_gradients(parameters: Parameters, visible: Tensor) -> tuple[Tensor, Parameters]:
    """Losses (member,) on a batch (member, batch, visible), and their gradients in memory of their own.

    d loss / d w_j = pi_j (b + w_j) - <r_j v>, d / d b = b + W^T pi - <v>, d / d c_j = pi_j - <r_j>: theory
    notes 3.1.
    """
    weights = parameters[WEIGHTS]
    found = attend(parameters, visible)
    count = visible.shape[1]
    mixing, shares = found.mixing, found.responsibilities
    centred = weights + parameters[VISIBLE_BIAS][:, None] if VISIBLE_BIAS in parameters else weights
    model = centred * mixing[..., None]
    gradients = {WEIGHTS: model.baddbmm_(shares.mT, visible, alpha=-1 / count)}
    if VISIBLE_BIAS in parameters:
        mean = parameters[VISIBLE_BIAS] + (mixing[:, None] @ weights).squeeze(1)
        gradients[VISIBLE_BIAS] = mean - visible.mean(dim=1)
    if HIDDEN_BIAS in parameters:
        gradients[HIDDEN_BIAS] = mixing - shares.mean(dim=1)
    return found.losses, gradients


class LikelihoodStep(ClosedGradientStep):
    """One update by the likelihood's gradient; batches have ``visible`` (member, batch, N)."""

    def gradients(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """See `likelihood_gradients`."""
        return likelihood_gradients(parameters, batch["visible"])


def adam_cosine(learning_rate: Rate, steps: int) -> LikelihoodStep:
    """Adam whose rate falls to 0 along a half cosine over all steps (``adam-cos`` of the theory notes)."""
    return LikelihoodStep(Adam(learning_rate), warmup_cosine(0, steps))


@dataclass(frozen=True)
class BiasFreeDescent:
    """Gradient descent on the weights alone, at a constant rate and in two passes over them.

    W <- W (1 - rate pi) + (rate / B) r^T V: as `LikelihoodStep` with `SGD`, up to rounding, where there are
    no biases. Small batches spend their time on these passes.

    Attributes:
        learning_rate: a number, or one for each member, (member,).
    """

    learning_rate: Rate

    def start(self, parameters: Parameters) -> State:
        """Nothing is carried along."""
        return {}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        weights, visible = parameters[WEIGHTS], batch["visible"]
        found = attend({WEIGHTS: weights}, visible)
        given = self.learning_rate
        rate = column(given.to(weights), weights) if isinstance(given, Tensor) else given
        kept = weights * (1 - rate * found.mixing[..., None])
        shares = found.responsibilities.mul_(rate / visible.shape[1])
        return {WEIGHTS: kept.baddbmm_(shares.mT, visible)}, state, found.losses
