r"""Wide normalised attention at initialisation: growth of its lengths, and its exponents, in closed form.

With unit tokens and D -> infinity attention is uniform, so that a step acts on the mean token as I + eta B
and leaves the deviations from it alone. B = W_V W_O has independent factors; only its strength eta sigma, the
number of tokens S and the drive eta kappa enter. R_t is the product of the first t lengths before
normalisation.

Source: theory notes 3.5 (L3, L4); not in arXiv:2505.19458.
"""

from math import comb

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

FloatArray = NDArray[np.float64]

GRID = 200
"""Points among which the root of `realised_growth` is looked for, from above."""


def overlap(p: int, q: int, strength: float) -> float:
    r"""G(p, q) = E u^T (M^p)^T M^q u for a unit vector u and M = I + eta B as D -> infinity.

        G(p, q) = sum_k C(p, k) C(q, k) (eta sigma)^{2k} ,

    since u^T (B^j)^T B^k u tends to sigma^{2k} for j = k and to 0 otherwise.

    Args:
        p, q: powers >= 0.
        strength: eta sigma >= 0.
    """
    return float(sum(comb(p, k) * comb(q, k) * strength ** (2 * k) for k in range(min(p, q) + 1)))


def growth(steps: int, strength: float) -> float:
    """A_t = G(t, t), the mean square length that t steps give a unit mean token: 1, 2, 6, 20, 70 at eta sigma
    = 1."""
    return overlap(steps, steps, strength)


def lengths(steps: int, tokens: int, strength: float, drive: float = 0.0) -> FloatArray:
    r"""Products R_0, ..., R_T of the lengths before normalisation (steps + 1,).

        R_t^2 = (1 - 1/S)(1 + d^2 (sum_{s<t} R_s)^2) + (1/S)(A_t + d^2 sum_{s,s'<t} R_s R_s' G(t-1-s, t-1-s'))

    with the drive d = eta kappa. The first term is that of the S - 1 deviations from the mean token, which
    attention leaves alone, the second that of the mean.

    Args:
        steps: T >= 0.
        tokens: S >= 1.
        strength: eta sigma.
        drive: eta times the length of an injected token over that of a token.
    """
    found = np.ones(steps + 1)
    powers = np.array([[overlap(p, q, strength) for q in range(steps)] for p in range(steps)])
    for t in range(1, steps + 1):
        past = found[:t]
        later = powers[:t, :t][::-1, ::-1]  # G(t-1-s, t-1-s') at row s and column s'
        apart = 1 + drive**2 * past.sum() ** 2
        together = growth(t, strength) + drive**2 * past @ later @ past
        found[t] = np.sqrt((1 - 1 / tokens) * apart + together / tokens)
    return found


def normalisation_gap(steps: int, tokens: int, strength: float) -> float:
    """By how much normalisation lowers the largest exponent over T steps, ln((S-1+A_T)/S)/2T; no drive."""
    return float(np.log((tokens - 1 + growth(steps, strength)) / tokens) / (2 * steps))


def gap_of_one_token(steps: int, strength: float) -> float:
    """The wrong law that forgets the other tokens, ln(A_T)/2T: right for S = 1 only."""
    return normalisation_gap(steps, 1, strength)


def transient_exponent(matrix: FloatArray, steps: int) -> FloatArray:
    """ell_T = ln ||M^T||_2 / T of matrices M = I + eta B, (..., D, D) to (...).

    It tends to ln(1 + eta sigma) from above, slowly: M is not normal, and the excess falls as ln T / T.
    """
    norms = np.linalg.matrix_norm(np.linalg.matrix_power(matrix, steps), ord=2)
    return np.asarray(np.log(norms) / steps)


def realised_lengths(
    matrix: FloatArray, state: FloatArray, drive: FloatArray | None, steps: int
) -> FloatArray:
    """Products of the lengths (steps + 1,) for one draw: root mean square over tokens of M, X_0 and eta C as
    they are, with one length for all tokens.

    Args:
        matrix: M = I + eta B (D, D), acting on a token as a row, x -> x M.
        state: X_0 (S, D), unit tokens.
        drive: eta C (S, D), or None.
        steps: T.
    """
    found = [1.0]
    moved = np.asarray(state, dtype=np.float64)
    for _ in range(steps):
        mean = moved.mean(0)
        moved = moved + (mean @ matrix - mean)
        if drive is not None:
            moved = moved + found[-1] * drive
        found.append(float(np.sqrt(np.mean(np.sum(moved**2, axis=-1)))))
    return np.array(found)


def stationary_growth(strength: float, drive: float, tokens: int) -> float:
    r"""The root q > eta sigma of d^2 [(1 - 1/S)/q^2 + (1/S)/(q^2 - (eta sigma)^2)] = 1 with d = eta kappa.

    1 + q is the length of every token before normalisation once the state is stationary. Without drive it is
    eta sigma, the growth of the mean alone.
    """
    if drive == 0:
        return strength
    # In z = q^2 - (eta sigma)^2 > 0: z^2 + (s^2 - d^2) z - d^2 s^2 / S = 0, which has one positive root.
    half = (drive**2 - strength**2) / 2
    apart = drive**2 * strength**2 / tokens
    root = np.hypot(half, np.sqrt(apart))
    z = half + root if half >= 0 else apart / (root - half)  # the second form loses no digits
    return float(np.sqrt(strength**2 + z))


def long_run_exponent(strength: float, drive: float, tokens: int) -> float:
    r"""Largest exponent in the long run, ln((1 + eta sigma)/(1 + q)) <= 0; 0 without drive.

    For S -> infinity it is 0 up to kappa = sigma, and -ln((1 + eta kappa)/(1 + eta sigma)) beyond: weak drive
    leaves the state critical without tuning, strong drive makes it contract.
    """
    return float(np.log1p(strength) - np.log1p(stationary_growth(strength, drive, tokens)))


def critical_curve(strength: float, drive: float) -> float:
    """The limit of `long_run_exponent` for infinitely many tokens."""
    return float(min(0.0, np.log1p(strength) - np.log1p(drive)))


def realised_growth(product: FloatArray, drive: FloatArray) -> float:
    r"""The root q of mean ||d_i - dbar||^2 / q^2 + ||(q - eta B^T)^{-1} dbar||^2 = 1 for one draw.

    The largest root is taken: the squared length of the state that a growth q sustains, less 1, changes sign
    there for the last time. 0 where there is no drive.

    Args:
        product: eta B (D, D), acting on a row.
        drive: eta C (S, D).
    """
    mean = drive.mean(0)
    apart = float(np.mean(np.sum((drive - mean) ** 2, axis=-1)))
    size = float(np.sqrt(apart + mean @ mean))
    if size == 0:
        return 0.0
    eigenvalues, vectors = np.linalg.eig(product.T)
    weights = np.linalg.solve(vectors, mean.astype(complex))

    def excess(q: FloatArray) -> FloatArray:
        states = vectors @ (weights[:, None] / (q - eigenvalues[:, None]))
        return np.asarray(apart / q**2 + np.sum(np.abs(states) ** 2, axis=0) - 1)

    # Beyond ||eta B|| + ||drive|| the excess is negative; from there down to the first change of sign.
    grid = np.linspace(float(np.linalg.norm(product, 2)) + size, 1e-6 * size, GRID)
    inside = excess(grid) > 0
    if not inside.any():
        return 0.0
    first = int(np.argmax(inside))
    return float(brentq(lambda q: float(excess(np.array([q]))[0]), grid[first], grid[first - 1], xtol=1e-13))


def leading_exponent(product: FloatArray, q: float) -> float:
    """ln(max |1 + eta lambda(B)| / (1 + q)) of one draw, at most 0: the law with the draw's own spectrum and
    its own q of `realised_growth`, of which `realised_exponent` is a refinement."""
    largest = float(np.abs(1 + np.linalg.eigvals(product)).max())
    return float(min(0.0, np.log(largest) - np.log1p(q)))


def realised_exponent(product: FloatArray, drive: FloatArray | None, q: float | None = None) -> float:
    r"""Largest exponent in the long run for one draw, at most 0, with one length for all tokens.

    With drive the state comes to rest at z = (xbar, delta), where xbar = (q - eta B^T)^{-1} dbar is the mean
    token and delta the root mean square of the deviations. There the step's Jacobian is

        (I - z z^T) diag(I + eta B^T, 1) / (1 + q)

    on the mean and on the state's own deviations, and 1/(1 + q) on all others. To leading order its radius is
    max |1 + eta lambda(B)|/(1 + q); the projection matters where a real eigenvalue leads, along which the
    state then lies. Where the radius exceeds 1, the state never rests, and the exponent is 0.

    Without drive the mean token follows the leading eigenvectors of I + eta B: a complex pair turns for ever
    and has exponent 0; a real eigenvalue is a fixed point, which perturbations approach at the ratio of the
    second modulus to the first.

    Args:
        product: eta B (D, D), acting on a row.
        drive: eta C (S, D), or None.
        q: `realised_growth` of these, if it is known.
    """
    width = len(product)
    if drive is None or not np.any(drive):
        growths = 1 + np.linalg.eigvals(product)
        sizes = np.abs(growths)
        first, second = np.argsort(-sizes, kind="stable")[:2]
        return 0.0 if growths[first].imag != 0 else float(np.log(sizes[second] / sizes[first]))
    q = realised_growth(product, drive) if q is None else q
    mean = np.linalg.solve(q * np.eye(width) - product.T, drive.mean(0))
    state = np.append(mean, np.sqrt(max(0.0, 1 - float(mean @ mean))))
    step = np.eye(width + 1)
    step[:width, :width] += product.T
    projected: FloatArray = step - np.outer(state, state @ step)
    radius = float(np.abs(np.linalg.eigvals(projected)).max())
    return float(min(0.0, np.log(radius) - np.log1p(q)))
