"""Tokens as oscillators of N coordinates: their unit spheres, tangents and rotation (theory notes 2).

The oscillator model is AKOrN (arXiv:2410.13821); all functions take and give (..., width).
"""

import torch
from torch import Tensor


def oscillators(tokens: Tensor, size: int) -> Tensor:
    """(..., width) as (..., oscillator, size)."""
    return tokens.reshape(*tokens.shape[:-1], tokens.shape[-1] // size, size)


def on_spheres(tokens: Tensor, size: int) -> Tensor:
    """Pi: every oscillator scaled to length 1."""
    each = oscillators(tokens, size)
    return (each * torch.rsqrt(each.square().sum(dim=-1, keepdim=True))).flatten(-2)


def tangent(tokens: Tensor, forces: Tensor, size: int) -> Tensor:
    """Proj_x(y) = y - (x . y) x of every oscillator x; equal shapes (..., width)."""
    x, y = oscillators(tokens, size), oscillators(forces, size)
    return (y - (x * y).sum(dim=-1, keepdim=True) * x).flatten(-2)


def rotated(tokens: Tensor) -> Tensor:
    """Every pair of coordinates (u, v) as (v, -u): Omega X per unit of frequency."""
    pairs = oscillators(tokens, 2)
    return torch.stack([pairs[..., 1], -pairs[..., 0]], dim=-1).flatten(-2)
