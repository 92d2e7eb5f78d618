"""Pool estimates of one quantity by inverse variance."""

import numpy as np


def pooled_deviation(
    deviation: np.ndarray, standard_error: np.ndarray, degrees: np.ndarray, independent: bool = True
) -> tuple[float, float, float]:
    r"""Return the inverse-variance mean of deviations, its standard error and its degrees of freedom.

    With p_k = w_k/Σw and w_k = 1/s_k², the mean is Σ p_k d_k. For independent components its variance is

        (1/Σw) · [1 + 4 Σ p_k (1 - p_k)/ν_k],   1/ν = Σ p_k²/ν_k,

    where the bracket is Meier's correction for weights that are themselves estimated (Meier 1953, Biometrics
    9:59). Without independence the standard error is bounded by Σ p_k s_k, with the smallest ν_k.

    Args:
        deviation: (C,) deviations in one unit.
        standard_error: (C,) standard errors s_k >= 0. Deterministic components (0) are averaged only among
            themselves if all are deterministic, and left out otherwise.
        degrees: (C,) degrees of freedom ν_k, infinite for known variances.
        independent: whether the components' errors are independent.

    Returns:
        (mean, standard error, degrees); (nan, inf, inf) for no components.
    """
    if deviation.size == 0:
        return np.nan, np.inf, np.inf
    random = standard_error > 0
    if not random.any():
        return float(deviation.mean()), 0.0, np.inf
    deviation, s, nu = deviation[random], standard_error[random], degrees[random]
    weight = (s.min() / s) ** 2
    share = weight / weight.sum()
    mean = float(share @ deviation)
    if not independent:
        return mean, float(share @ s), float(nu.min())
    variance = s.min() ** 2 / weight.sum() * (1 + 4 * np.sum(share * (1 - share) / nu))
    curvature = float(np.sum(share**2 / nu))
    return mean, float(np.sqrt(variance)), 1 / curvature if curvature > 0 else np.inf
