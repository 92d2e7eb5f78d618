r"""Score matching, and the denoising autoencoder with softmax units that it amounts to.

With the energy divided by s^2 the machine's score is psi(v) = ( read_out(v) - v ) / s^2. For clean vectors v
and corrupted ones u = v + s xi, theory notes 3.5:

    denoising   J = E |psi(u) - (v - u)/s^2|^2 / 2 = E |read_out(u) - v|^2 / (2 s^4)        exactly
    explicit    E |psi(u) - grad log q(u)|^2 / 2 = J - N/(2 s^2) + E |grad log q|^2 / 2     q: density of u
    implicit    E [ |psi|^2/2 + div psi ] = explicit - E |grad log q|^2 / 2

The autoencoder has tied weights W and W^T. The first identity needs the energy to be divided by s^2: without
that it holds at s = 1 alone.
"""

import math

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import Machine, hidden_inputs
from widthscope.boltzmann.retrieval import read_out


def score(machine: Machine, visible: Tensor, noise: float) -> Tensor:
    """psi(v) = -grad E(v) / s^2 at visible vectors (..., P, N), in the same shape."""
    return (read_out(machine, visible) - visible) / noise**2


def score_divergence(machine: Machine, visible: Tensor, noise: float) -> Tensor:
    """div psi = ( -N + sum_j r_j |w_j|^2 - |W^T r|^2 ) / s^2 at visible vectors (..., P, N): (..., P)."""
    attention = torch.softmax(hidden_inputs(machine, visible), dim=-1)
    lengths = (attention @ machine.weights.square().sum(-1).unsqueeze(-1)).squeeze(-1)
    recalled = (attention @ machine.weights).square().sum(-1)
    return (lengths - recalled - machine.visible_units) / noise**2


def denoising_objective(machine: Machine, clean: Tensor, corrupted: Tensor, noise: float) -> Tensor:
    """|psi(u) - (v - u)/s^2|^2 / 2 of each pair of vectors (..., P, N): (..., P)."""
    return 0.5 * (score(machine, corrupted, noise) - (clean - corrupted) / noise**2).square().sum(-1)


def autoencoder_loss(machine: Machine, clean: Tensor, corrupted: Tensor) -> Tensor:
    """|b + W^T softmax(W u + c) - v|^2 / 2 of each pair of vectors (..., P, N): (..., P)."""
    return 0.5 * (read_out(machine, corrupted) - clean).square().sum(-1)


def implicit_objective(machine: Machine, corrupted: Tensor, noise: float) -> Tensor:
    """|psi|^2/2 + div psi at corrupted vectors (..., P, N): (..., P)."""
    squares = 0.5 * score(machine, corrupted, noise).square().sum(-1)
    return squares + score_divergence(machine, corrupted, noise)


def explicit_objective(machine: Machine, corrupted: Tensor, clean: Tensor, noise: float) -> Tensor:
    """|psi(u) - grad log q(u)|^2 / 2 at vectors u (..., P, N): (..., P).

    Args:
        clean: the vectors (K, N) whose corruption has the density q.
    """
    return 0.5 * (score(machine, corrupted, noise) - corrupted_score(clean, corrupted, noise)).square().sum(
        -1
    )


def corrupted_log_density(clean: Tensor, corrupted: Tensor, noise: float) -> Tensor:
    """log q(u), q the mean over clean vectors (K, N) of Gaussians of width s, at u (..., P, N): (..., P)."""
    logs = _log_kernels(clean, corrupted, noise)
    return torch.logsumexp(logs, dim=-1) - math.log(len(clean))


def corrupted_score(clean: Tensor, corrupted: Tensor, noise: float) -> Tensor:
    """grad log q(u) at u (..., P, N), in the same shape."""
    share = torch.softmax(_log_kernels(clean, corrupted, noise), dim=-1)
    return (share @ clean - corrupted) / noise**2


def _log_kernels(clean: Tensor, corrupted: Tensor, noise: float) -> Tensor:
    """log N(u; v, s^2) of every u (..., P, N) and clean v (K, N): (..., P, K)."""
    squares = (corrupted.unsqueeze(-2) - clean).square().sum(-1)
    return -0.5 * squares / noise**2 - 0.5 * clean.shape[-1] * math.log(2 * math.pi * noise**2)
