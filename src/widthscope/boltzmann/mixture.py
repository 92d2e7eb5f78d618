r"""The attentional Boltzmann machine with Gaussian visible units: energy, exact density, exact samples.

    E(v)  = |v - b|^2 / 2 - logsumexp_j( w_j.v + c_j )            arXiv:2212.04692; theory notes 2.2
    log Z = (N/2) log 2 pi + logsumexp_j( |w_j|^2/2 + w_j.b + c_j )

exp(-E)/Z is a mixture of H Gaussians of unit covariance with means b + w_j and weights
pi = softmax(|w_j|^2/2 + w_j.b + c_j); the attention activation softmax(W v + c) is the responsibility of the
components. Everything is batched: a machine may carry any leading dimensions (seeds, rates), written `...`
below, and a batch of visible vectors either carries the same or is shared by all.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from widthscope.errors import WidthscopeError

EXAMPLES_AT_ONCE = (
    2048  # rows per product: the responsibilities of more rows than this are never all in memory
)


class VisibleError(WidthscopeError):
    """Visible vectors are not what a machine has a likelihood of."""


class Machine(NamedTuple):
    """The parameters of a machine, or of a batch of machines.

    Attributes:
        weights: the memories w_j, (..., H, N).
        visible_bias: b, (..., N).
        hidden_bias: c, (..., H). Machines that differ by a constant in c have the same density.
    """

    weights: Tensor
    visible_bias: Tensor
    hidden_bias: Tensor

    @classmethod
    def without_biases(cls, weights: Tensor) -> "Machine":
        """The machine with b = c = 0: its mixing weights are tied to the norms |w_j|, weights (..., H, N)."""
        return cls(weights, torch.zeros_like(weights[..., 0, :]), torch.zeros_like(weights[..., 0]))

    @classmethod
    def of(cls, parameters: Mapping[str, Tensor]) -> "Machine":
        """The machine of `weights` and, zero where missing, `visible_bias` and `hidden_bias`."""
        plain = cls.without_biases(parameters["weights"])
        return cls(
            plain.weights,
            parameters.get("visible_bias", plain.visible_bias),
            parameters.get("hidden_bias", plain.hidden_bias),
        )

    @property
    def hidden_units(self) -> int:
        """H, the number of components."""
        return self.weights.shape[-2]

    @property
    def visible_units(self) -> int:
        """N, the dimension of a visible vector."""
        return self.weights.shape[-1]

    def double(self) -> "Machine":
        """The same machine in float64."""
        return Machine(*(tensor.double() for tensor in self))

    def detach(self) -> "Machine":
        """The same numbers without their history."""
        return Machine(*(tensor.detach() for tensor in self))


def hidden_inputs(machine: Machine, visible: Tensor) -> Tensor:
    """The inputs W v + c of the hidden units, (..., P, H), for visible vectors (..., P, N)."""
    return visible @ machine.weights.mT + machine.hidden_bias.unsqueeze(-2)


def energy(machine: Machine, visible: Tensor) -> Tensor:
    """E(v) of visible vectors (..., P, N): (..., P)."""
    distance = visible - machine.visible_bias.unsqueeze(-2)
    return 0.5 * distance.square().sum(-1) - torch.logsumexp(hidden_inputs(machine, visible), dim=-1)


def component_inputs(machine: Machine) -> Tensor:
    """|w_j|^2/2 + w_j.b + c_j, the unnormalised log mixing weights: (..., H)."""
    overlap = (machine.weights @ machine.visible_bias.unsqueeze(-1)).squeeze(-1)
    return 0.5 * machine.weights.square().sum(-1) + overlap + machine.hidden_bias


def log_mixing_weights(machine: Machine) -> Tensor:
    """log pi_j, (..., H)."""
    return torch.log_softmax(component_inputs(machine), dim=-1)


def mixing_weights(machine: Machine) -> Tensor:
    """pi_j, (..., H): they add up to 1 over the components."""
    return torch.softmax(component_inputs(machine), dim=-1)


def log_partition(machine: Machine) -> Tensor:
    """log Z, (...)."""
    gaussian = 0.5 * machine.visible_units * math.log(2.0 * math.pi)
    return gaussian + torch.logsumexp(component_inputs(machine), dim=-1)


def log_density(machine: Machine, visible: Tensor) -> Tensor:
    """log p(v) = -E(v) - log Z of visible vectors (..., P, N), in nats: (..., P)."""
    return -energy(machine, visible) - log_partition(machine).unsqueeze(-1)


def responsibilities(machine: Machine, visible: Tensor) -> Tensor:
    """r_j(v) = softmax_j(W v + c), the probability that component j made v: (..., P, H)."""
    return torch.softmax(hidden_inputs(machine, visible), dim=-1)


def component_means(machine: Machine) -> Tensor:
    """The means b + w_j of the components, (..., H, N)."""
    return machine.visible_bias.unsqueeze(-2) + machine.weights


def mean(machine: Machine) -> Tensor:
    """E[v] = b + W^T pi, (..., N)."""
    return machine.visible_bias + (mixing_weights(machine).unsqueeze(-2) @ machine.weights).squeeze(-2)


def between_component_covariance(machine: Machine) -> Tensor:
    """sum_j pi_j (w_j - W^T pi)(w_j - W^T pi)^T, the covariance of the component means: (..., N, N)."""
    weight = mixing_weights(machine)
    centred = machine.weights - weight.unsqueeze(-2) @ machine.weights
    return (centred * weight.unsqueeze(-1)).mT @ centred


def covariance(machine: Machine) -> Tensor:
    """Cov[v] = I + the covariance of the component means, (..., N, N)."""
    between = between_component_covariance(machine)
    return between + torch.eye(machine.visible_units, dtype=between.dtype, device=between.device)


def sample(machine: Machine, count: int, generator: torch.Generator) -> Tensor:
    """`count` exact samples of every machine, (..., count, N): each a component by pi plus unit noise."""
    weight = mixing_weights(machine)
    batch = weight.shape[:-1]
    drawn = torch.multinomial(
        weight.reshape(-1, machine.hidden_units), count, replacement=True, generator=generator
    ).reshape(*batch, count)
    shape = (*batch, count, machine.visible_units)
    means = component_means(machine).gather(-2, drawn.unsqueeze(-1).expand(shape))
    return means + torch.randn(shape, generator=generator, dtype=means.dtype, device=means.device)


def mean_negative_log_likelihood(
    machine: Machine, visible: Tensor, examples_at_once: int = EXAMPLES_AT_ONCE
) -> Tensor:
    """-<log p(v)> over the visible vectors (..., P, N), in nats: (...); `examples_at_once` rows at a time.

    Raises:
        VisibleError: as `check_visible`. A machine whose own parameters are NaN, as after training that
            diverged, has the likelihood NaN.
    """
    check_visible(machine, visible)
    total = torch.zeros_like(log_partition(machine))
    for start in range(0, visible.shape[-2], examples_at_once):
        rows = visible[..., start : start + examples_at_once, :]
        total = total + energy(machine, rows).sum(-1)
    return total / visible.shape[-2] + log_partition(machine)


def check_visible(machine: Machine, visible: Tensor) -> None:
    """Refuse visible vectors that the machines have no mean likelihood of.

    Raises:
        VisibleError: if they are not (..., P, N) with P >= 1, the machines' N and leading dimensions that go
            with theirs, are of another dtype than the weights, or contain a number that is not finite.
    """
    shape, machines = tuple(visible.shape), tuple(machine.weights.shape[:-2])
    wanted = machine.visible_units
    if visible.ndim < 2 or shape[-1] != wanted or shape[-2] < 1:
        raise VisibleError(
            f"visible vectors of shape {shape}, allowed: (..., P, {wanted}) with P of at least 1, for "
            f"machines of {wanted} visible units"
        )
    if any(a != b and 1 not in (a, b) for a, b in zip(shape[-3::-1], machines[::-1], strict=False)):
        raise VisibleError(
            f"visible vectors of shape {shape}, allowed for machines of leading dimensions {machines}: "
            f"(P, {wanted}) or {machines} + (P, {wanted})"
        )
    if visible.dtype != machine.weights.dtype:
        raise VisibleError(
            f"visible vectors of dtype {visible.dtype}, allowed: that of the machine's weights, "
            f"{machine.weights.dtype}"
        )
    if not bool(torch.isfinite(visible).all()):
        count = int((~torch.isfinite(visible)).sum())
        raise VisibleError(
            f"{count} of {visible.numel()} entries of the visible vectors are not finite, allowed: finite "
            "numbers"
        )
