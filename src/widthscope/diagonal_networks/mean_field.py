r"""The flow when all inputs are equal to their mean μ: two scalar equations, the same for every coordinate.

    u' = -(g + γ q),   v' = -γ g g',   w±² = e^{2v ± 2u},   u(0) = 0,  v(0) = log α₀,
    g = μ² (d (w₊² - w₋²) - |β*|₁),   g' the same after w± ← w±(1 ± εg),   q = (g' - g)/ε .

For inputs whose mean dominates, the data's own deviations come into play only once the mean's mode has
decayed, so that v - log α₀ predicts the shift of the scale away from the target's support.

Source: theory notes, 3.4.
"""

import math

import numpy as np
from scipy.integrate import solve_ivp

DECAYED = 1e-6
"""Share of the initial |g| that is left where the integration ends, at most."""

MODES = 400.0
"""Times of decay that are followed."""


def scale_shift(
    scale: float, strength: float, ascent: float, mean: float, features: int, target_sum: float
) -> float:
    """log(α/α₀) once the mean's mode has decayed; NaN where it does not.

    Args:
        scale: α₀.
        strength: γ.
        ascent: ε, signed, 0 for double backpropagation.
        mean: μ, not 0.
        features: d.
        target_sum: |β*|₁.
    """

    def gradient(plus: float, minus: float) -> float:
        return mean**2 * (features * (plus - minus) - target_sum)

    def rates(_: float, state: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> list[float]:
        u, v = state
        plus, minus = math.exp(2 * (v + u)), math.exp(2 * (v - u))
        g = gradient(plus, minus)
        if ascent == 0:
            ascended, change = g, 2 * mean**2 * features * g * (plus + minus)
        else:
            ascended = gradient(plus * (1 + ascent * g) ** 2, minus * (1 - ascent * g) ** 2)
            change = (ascended - g) / ascent
        return [-(g + strength * change), -strength * g * ascended]

    rate = 4 * scale**2 * features * mean**2
    try:
        found = solve_ivp(
            rates, (0.0, MODES / rate), [0.0, math.log(scale)], method="LSODA", rtol=1e-10, atol=1e-12
        )
    except OverflowError:
        return math.nan
    u, v = found.y[:, -1]
    left = gradient(math.exp(2 * (v + u)), math.exp(2 * (v - u)))
    if not found.success or not abs(left) <= DECAYED * abs(gradient(scale**2, scale**2)):
        return math.nan
    return float(v - math.log(scale))
