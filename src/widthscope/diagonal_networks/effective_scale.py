r"""Effective initial scale of a diagonal linear network: what is left of w₊ ⊙ w₋ = α₀².

Under the regularised flow d log(w₊ ⊙ w₋)/dt = -2s, so that w₊ ⊙ w₋ = α² with

    log α = log α₀ - γ ∫ g̃ ⊙ g̃' dt .

Descent with steps of length η multiplies the product by (1 - ηs)² - (ηa)² at each step, and flooding, which
steps along ± the plain gradient, by 1 - (ηg̃)².

Source: arXiv:2210.02720 for the effective scale; exact for every γ and ε by the theory notes, 3.4 and 3.5.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Array = np.ndarray[Any, np.dtype[np.float64]]


def log_shift(strengths: ArrayLike, product: ArrayLike) -> Array:
    """log(α/α₀) = -γ ∫ g̃ g̃' dt, in the shape of the integrals (..., value)."""
    return np.asarray(-np.asarray(strengths, dtype=float) * np.asarray(product, dtype=float))


def linearised_shift(
    scale: float, strength: float, ascent: ArrayLike, mean: float, features: int, target_sum: float
) -> Array:
    r"""log(α/α₀) of every coordinate for inputs whose mean dominates, to first order in the shift.

        -γ (1 + ελ)/(1 + γλ) · (μ |β*|₁)² / (8 α₀² d),    λ = 4 α₀² d μ² .

    Args:
        scale: α₀.
        strength: γ.
        ascent: ε, signed, 0 for double backpropagation.
        mean: μ.
        features: d.
        target_sum: |β*|₁.

    Source: theory notes, 3.4.
    """
    rate = 4 * scale**2 * features * mean**2
    ascents = np.asarray(ascent, dtype=float)
    first = (mean * target_sum) ** 2 / (8 * scale**2 * features)
    return np.asarray(-strength * (1 + ascents * rate) / (1 + strength * rate) * first)
