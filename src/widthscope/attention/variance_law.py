"""The law of the one-head conditional variance w^T Sigma_1 w of a functional w^T y, as a discrete measure.

Every functional of the output is a Gaussian scale mixture whose variance is an average of H independent
copies of w^T Sigma_1 w, Sigma_1 = A K A^T (theory notes 3.4), so one law serves every number of heads.
NumPy float64.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import softmax

from widthscope.attention.gram import FloatArray, exchangeable_gram, root
from widthscope.attention.quadrature import Rule, chi_square, normal, normal_sobol
from widthscope.attention.softmax_moments import VarianceMoments

_NEGLIGIBLE = 1e-20
_HERMITE = {1: 160, 2: 80, 3: 40}  # nodes per dimension of the tensor rule; scrambled Sobol beyond three


@dataclass(frozen=True)
class VarianceLaw:
    """E f(V) is the sum of weights times f(variances).

    Attributes:
        variances: (Q,), >= 0, in the units of K.
        weights: (Q,), adding up to one; a compressed law may have small negative weights.
    """

    variances: FloatArray
    weights: FloatArray

    @property
    def moments(self) -> VarianceMoments:
        """E V and E V^2."""
        return VarianceMoments(
            float(self.weights @ self.variances), float(self.weights @ np.square(self.variances))
        )

    def compressed(self, nodes: int = 64) -> "VarianceLaw":
        """The law on `nodes` Chebyshev points of its range, with the same mean for every polynomial below
        that degree.

        Means of functions that are analytic in V on its range (densities, characteristic functions,
        moments) converge exponentially in `nodes`; a range that reaches zero spoils densities, not the
        rest.

        Raises:
            ValueError: if nodes < 2.
        """
        if nodes < 2:
            raise ValueError(f"nodes must be at least 2, not {nodes}")
        low, high = float(self.variances.min()), float(self.variances.max())
        if len(self.variances) <= nodes or high - low <= 1e-12 * high:
            return self
        angles = (np.arange(nodes) + 0.5) * np.pi / nodes
        x = 2 * (self.variances - low) / (high - low) - 1
        moments = _chebyshev_means(x, self.weights, nodes)
        moments[1:] *= 2
        weights = np.cos(np.outer(angles, np.arange(nodes))) @ moments / nodes
        return VarianceLaw(low + (high - low) * (1 + np.cos(angles)) / 2, weights)

    def averaged(self, heads: int, nodes: int = 64) -> "VarianceLaw":
        """Law of the mean of `heads` independent copies: the layer's conditional variance in the limit.

        Sums are formed by repeated doubling and compressed after each, so the cost is O(nodes^3 log H).

        Raises:
            ValueError: if heads < 1.
        """
        if heads < 1:
            raise ValueError(f"heads must be at least 1, not {heads}")
        total: VarianceLaw | None = None
        power = self.compressed(nodes)
        left = heads
        while left:
            if left & 1:
                total = power if total is None else _sum(total, power, nodes)
            left >>= 1
            if left:
                power = _sum(power, power, nodes)
        assert total is not None
        return VarianceLaw(total.variances / heads, total.weights)


def point(variance: float) -> VarianceLaw:
    """The law of a variance that does not fluctuate: a Gaussian output."""
    return VarianceLaw(np.array([variance], dtype=np.float64), np.ones(1))


def from_samples(variances: ArrayLike) -> VarianceLaw:
    """Empirical law of draws of w^T Sigma_1 w, (N,)."""
    values = np.asarray(variances, dtype=np.float64).ravel()
    if values.size == 0 or values.min() < 0:
        raise ValueError("variances must be a non-empty array of values >= 0")
    return VarianceLaw(values, np.full(values.size, 1.0 / values.size))


def exchangeable_token(
    tokens: int,
    *,
    alpha: float = 1.0,
    beta: float = 0.0,
    head_dim: int | None = None,
    nodes: int = 64,
    seed: int = 0,
) -> VarianceLaw:
    """Law of sigma^2 = (A K A^T)_ii given scores for K = alpha I + beta 1 1^T, compressed to `nodes` points.

    Args:
        tokens: s >= 1; under a causal mask, the position of the token from 1.
        alpha, beta: the Gram, both >= 0.
        head_dim: d_k, None for the limit.
        nodes: points of the compressed law.
        seed: of the Sobol scramble, used by more than four tokens.

    Source: theory notes 3.4.
    """
    gram = exchangeable_gram(tokens, alpha, beta)
    return single_token(gram, 0, head_dim=head_dim, seed=seed).compressed(nodes)


def single_token(
    gram: ArrayLike,
    token: int,
    *,
    head_dim: int | None = None,
    visible: int | None = None,
    log2_points: int = 14,
    seed: int = 0,
) -> VarianceLaw:
    """Law of sigma_i^2 = a^T K a for one token of any Gram, a = softmax(sqrt(K_ii g) L z), z normal, g =
    chi^2/d_k.

    The common shift of a score row is projected out, which leaves at most s - 1 normals: tensor
    Gauss-Hermite up to three of them, scrambled Sobol beyond. Exact for fixed tokens at every d_k.

    Args:
        gram: K (s, s).
        token: index i from 0.
        head_dim: d_k, None for the limit.
        visible: number of leading tokens seen, None for all.
        log2_points: base-two logarithm of the number of Sobol points.
        seed: of the Sobol scramble.

    Raises:
        ValueError: if the token is not visible or a size is out of range.

    Source: theory notes 3.2 (D) and 3.4.
    """
    K = np.asarray(gram, dtype=np.float64)
    seen = len(K) if visible is None else visible
    if not 0 <= token < seen <= len(K):
        raise ValueError(f"token {token} must be below visible {seen}, at most {len(K)} tokens")
    diagonal = K[token, token]
    K = K[:seen, :seen]
    shifted = _shift_free_root(K)
    if diagonal * np.abs(shifted).max() == 0:
        return point(float(K.mean()))
    dimension = shifted.shape[1]
    if dimension in _HERMITE:
        rule = normal(dimension, _HERMITE[dimension])
    else:
        rule = normal_sobol(dimension, log2_points, seed)
    kept = rule.weights > _NEGLIGIBLE  # most corners of a tensor rule weigh nothing
    rows = rule.nodes[kept] @ shifted.T * np.sqrt(diagonal)
    scale = chi_square(head_dim)
    variances = []
    for factor in scale.nodes:
        attention = softmax(np.sqrt(factor) * rows, axis=1)
        variances.append(np.einsum("qi,qi->q", attention @ K, attention))
    weights = np.multiply.outer(scale.weights, rule.weights[kept]).ravel()
    return VarianceLaw(np.maximum(np.concatenate(variances), 0), weights)


def functional(
    gram: ArrayLike,
    weights: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    log2_points: int = 14,
    seed: int = 0,
) -> VarianceLaw:
    """Limit law of w^T Sigma_1 w for any functional of several tokens, by scrambled Sobol points.

    Only the score rows of tokens with w_i != 0 enter, k of them: k (s - 1) normals or fewer. Each seed
    gives an independent unbiased law, so the spread over seeds is a standard error.

    Args:
        gram: K (s, s).
        weights: w (s,).
        mask: boolean (s, s), True where the key (column) is seen; None for all.
        log2_points: base-two logarithm of the number of points.
        seed: of the scramble.

    Raises:
        ValueError: if w does not have one entry per token or is zero.

    Source: theory notes 3.4; general Gram, P ~ N(0, K (x) K).
    """
    K = np.asarray(gram, dtype=np.float64)
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (len(K),) or not w.any():
        raise ValueError(f"weights must have shape ({len(K)},) and not be zero, not {w.shape}")
    attention, rule = attention_rows(K, np.flatnonzero(w), mask=mask, log2_points=log2_points, seed=seed)
    mixed = np.einsum("qki,k->qi", attention, w[w != 0])
    values = np.einsum("qi,ij,qj->q", mixed, K, mixed, optimize=True)
    return VarianceLaw(np.maximum(values, 0), rule.weights)


def attention_rows(
    gram: FloatArray,
    queries: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    log2_points: int = 14,
    seed: int = 0,
) -> tuple[FloatArray, Rule]:
    """Sobol points of the limit law of some rows of A: (Q, k, s) for k queries, and their rule.

    P = L Z L^T; the right root is taken free of the common shift of a row, which softmax ignores.
    """
    K = np.asarray(gram, dtype=np.float64)
    rows = np.asarray(queries, dtype=np.intp)
    left = root(K[np.ix_(rows, rows)])
    right = root(K) if mask is not None else _shift_free_root(K)
    rule = normal_sobol(left.shape[1] * right.shape[1], log2_points, seed)
    Z = rule.nodes.reshape(-1, left.shape[1], right.shape[1])
    scores = left @ Z @ right.T
    if mask is not None:
        scores = np.where(np.asarray(mask, dtype=bool)[rows], scores, -np.inf)
    return np.asarray(softmax(scores, axis=-1), dtype=np.float64), rule


def _shift_free_root(K: FloatArray) -> FloatArray:
    """Root of C K C, C = I - 1 1^T / s: (s, r) with r at most s - 1, or a zero column."""
    centred = K - K.mean(axis=0) - K.mean(axis=1, keepdims=True) + K.mean()
    if np.abs(centred).max() <= 1e-14 * np.abs(K).max():
        return np.zeros((len(K), 1))
    return root(0.5 * (centred + centred.T))


def _chebyshev_means(x: FloatArray, weights: FloatArray, count: int) -> FloatArray:
    """E T_k(x) for k < count, by the recurrence T_{k+1} = 2 x T_k - T_{k-1}."""
    before, current = np.ones_like(x), x.copy()
    means = np.empty(count)
    for k in range(count):
        means[k] = weights @ before
        before, current = current, 2 * x * current - before
    return means


def _sum(first: VarianceLaw, second: VarianceLaw, nodes: int) -> VarianceLaw:
    """Law of the sum of two independent variances."""
    variances = np.add.outer(first.variances, second.variances).ravel()
    return VarianceLaw(variances, np.multiply.outer(first.weights, second.weights).ravel()).compressed(nodes)
