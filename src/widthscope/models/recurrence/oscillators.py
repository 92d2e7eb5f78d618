"""Tokens as oscillators of N coordinates: their unit spheres, tangents and rotation (theory notes 2).

The oscillator model is AKOrN (arXiv:2410.13821); all functions take and give (..., width).
"""

import torch
from torch import Tensor

SHORT = 8  # up to here a matrix product sums faster than a reduction over the last dimension


def oscillators(tokens: Tensor, size: int) -> Tensor:
    """(..., width) as (..., oscillator, size)."""
    return tokens.reshape(*tokens.shape[:-1], tokens.shape[-1] // size, size)


def on_spheres(tokens: Tensor, size: int) -> Tensor:
    """Pi: every oscillator scaled to length 1."""
    each = oscillators(tokens, size)
    return (each * torch.rsqrt(_sums(each.square()))).flatten(-2)


def tangent(tokens: Tensor, forces: Tensor, size: int) -> Tensor:
    """Proj_x(y) = y - (x . y) x of every oscillator x; equal shapes (..., width)."""
    x, y = oscillators(tokens, size), oscillators(forces, size)
    return torch.addcmul(y, _sums(x * y), x, value=-1).flatten(-2)


def rotated(tokens: Tensor) -> Tensor:
    """Every pair of coordinates (u, v) as (v, -u): Omega X per unit of frequency."""
    pair = tokens.new_tensor([[0.0, -1.0], [1.0, 0.0]])
    # A product with two pairs at a time is exact, and three times as fast as exchanging the coordinates.
    turn = torch.kron(torch.eye(2).to(pair), pair) if tokens.shape[-1] % 4 == 0 else pair
    return (tokens.reshape(-1, len(turn)) @ turn).reshape(tokens.shape)


def _sums(each: Tensor) -> Tensor:
    """Sums over the last dimension, of size 1 or repeated along it."""
    size = each.shape[-1]
    if size > SHORT:
        return each.sum(dim=-1, keepdim=True)
    return (each.reshape(-1, size) @ each.new_ones(size, size)).reshape(each.shape)
