r"""Completion: the missing pixels of an image, given those that are seen.

    a_j = w_j^o.v_o + c_j + |w_j^m|^2/2 + w_j^m.b_m         o: observed, m: missing
    E[v_m | v_o] = b_m + sum_j softmax(a)_j w_j^m            theory notes 3.6

|w_j^m|^2/2 is what integrating over the missing pixels leaves; one attention update with zeros in their place
drops it. Images are done at once with a mask M of 0 and 1: A = (V o (1 - M)) W^T + c + M (W o W)^T / 2 +
(M o b) W^T.
"""

import torch
from torch import Tensor

from widthscope.boltzmann.mixture import Machine, hidden_inputs


def conditional_inputs(machine: Machine, visible: Tensor, missing: Tensor) -> Tensor:
    """a_j, whose softmax is the posterior of the components given the observed pixels: (..., P, H).

    Args:
        machine: (...) machines.
        visible: images (..., P, N); what stands at missing pixels does not matter, unless it is not finite.
        missing: 1 where a pixel is missing, else 0, (..., P, N).
    """
    mask = missing.to(machine.weights.dtype)
    seen = hidden_inputs(machine, visible * (1 - mask))
    marginal = 0.5 * mask @ machine.weights.square().mT
    return seen + marginal + (mask * machine.visible_bias.unsqueeze(-2)) @ machine.weights.mT


def conditional_mean(machine: Machine, visible: Tensor, missing: Tensor) -> Tensor:
    """Images (..., P, N) with each missing pixel replaced by its expectation given the observed ones."""
    return _completed(machine, visible, missing, conditional_inputs(machine, visible, missing))


def single_update(machine: Machine, visible: Tensor, missing: Tensor) -> Tensor:
    """The same by one attention update from zeros at missing pixels, which is no expectation."""
    mask = missing.to(machine.weights.dtype)
    return _completed(machine, visible, missing, hidden_inputs(machine, visible * (1 - mask)))


def random_mask(shape: tuple[int, ...], hidden: float, generator: torch.Generator) -> Tensor:
    """1 where a pixel is missing, each by itself with probability `hidden`; float32."""
    return (torch.rand(shape, generator=generator) < hidden).float()


def _completed(machine: Machine, visible: Tensor, missing: Tensor, inputs: Tensor) -> Tensor:
    means = machine.visible_bias.unsqueeze(-2) + torch.softmax(inputs, dim=-1) @ machine.weights
    return torch.where(missing.bool(), means, visible)
