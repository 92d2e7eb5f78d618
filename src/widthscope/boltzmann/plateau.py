"""Where training without biases stops on orthogonal patterns: exact likelihood from the orders of merges.

P orthogonal patterns of squared norm V, b = c = 0, every pattern owned by one component. Component k owns
q_k patterns, its *order*: 1 is memorised, 2 and more are merged. NLLs are in nats without (N/2) log 2 pi.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import wrightomega

from widthscope.errors import WidthscopeError

Floats = NDArray[np.float64]


class OrdersError(WidthscopeError):
    """Orders of merges, or a plateau to be explained by them, that no training can leave."""


@dataclass(frozen=True)
class Plateau:
    """A stationary point of the mean NLL.

    Attributes:
        nll: mean negative log likelihood of the patterns, in nats.
        log_norm: log Z without (N/2) log 2 pi.
        amplitudes: (K,) factors a_k of w_k = a_k sum_{p in k} v_p.
        weights: (K,) mixing weights pi_k = 1 / (P a_k).
    """

    nll: float
    log_norm: float
    amplitudes: Floats
    weights: Floats


def plateau(orders: ArrayLike, squared_norm: float) -> Plateau:
    r"""The stationary point with these orders, for weights that are tied to norms (b = c = 0).

    Stationarity, pi_k a_k = 1/P with pi_k = exp(q_k a_k^2 V / 2) / Z, says for y_k = q_k a_k^2 V that

        y_k + log y_k = 2 (log Z - log P) + log(q_k V) ,

    which Wright's omega function solves; log Z follows from sum_k 1/(P a_k) = 1, whose left side falls as
    log Z grows. Then NLL = V/2 - V sum_k (q_k/P) a_k + log Z. Components that own nothing are left out: the
    weight of each is 1/Z.

    Args:
        orders: (K,) numbers of patterns of the components that own any.
        squared_norm: V > 0.

    Raises:
        OrdersError: if an order is no whole number >= 1, there is none, or V is not positive.

    Source: theory notes 3.10.
    """
    q = _checked(orders, squared_norm)
    patterns = q.sum()

    def amplitudes(log_norm: float) -> Floats:
        y = wrightomega(2 * (log_norm - np.log(patterns)) + np.log(q * squared_norm))
        found: Floats = np.sqrt(np.real(y) / (q * squared_norm))
        return found

    def excess(log_norm: float) -> float:
        return float(np.log(np.sum(1 / (patterns * amplitudes(log_norm)))))

    start, reach = _approximate_log_norm(q, squared_norm), 1.0
    while excess(start - reach) < 0 or excess(start + reach) > 0:
        reach *= 2
    log_norm = float(brentq(excess, start - reach, start + reach, xtol=1e-13, rtol=1e-14))
    a = amplitudes(log_norm)
    nll = squared_norm / 2 - squared_norm * float(np.sum(q / patterns * a)) + log_norm
    return Plateau(nll, log_norm, a, 1 / (patterns * a))


def approximate_nll(orders: ArrayLike, squared_norm: float) -> float:
    """NLL ~ (V/2)(1 - s^2) + log(P s) with s = sum_k sqrt(q_k) / P, for V >> 1.

    Raises:
        OrdersError: as `plateau`.

    Source: theory notes 3.10.
    """
    q = _checked(orders, squared_norm)
    share = np.sqrt(q).sum() / q.sum()
    return float(squared_norm / 2 * (1 - share**2) + np.log(q.sum() * share))


def nll_with_bias(orders: ArrayLike, squared_norm: float) -> float:
    """The plateau where c is trained as well: each component is the mean of its patterns, pi_k = q_k / P.

    NLL = sum_k (q_k/P) [ (V/2)(1 - 1/q_k) + log(P/q_k) ].

    Raises:
        OrdersError: as `plateau`.

    Source: theory notes 3.10.
    """
    q = _checked(orders, squared_norm)
    weights = q / q.sum()
    return float(np.sum(weights * (squared_norm / 2 * (1 - 1 / q) - np.log(weights))))


def paired_share(nll: float, patterns: int, squared_norm: float) -> float:
    """Share of the patterns that sit in merged pairs, if an NLL is a plateau of pairs and singles alone.

    Inverts `approximate_nll`, whose s = 1 - (1 - 1/sqrt(2)) share.

    Raises:
        OrdersError: if the NLL is below log P or above that of pairs alone.

    Source: theory notes 3.10.
    """
    loss = 1 - 1 / np.sqrt(2)

    def at(share: float) -> float:
        s = 1 - loss * share
        return float(squared_norm / 2 * (1 - s**2) + np.log(patterns * s) - nll)

    if at(0.0) > 0 or at(1.0) < 0:
        raise OrdersError(
            f"an NLL of {nll:g} nats is no plateau of single and paired patterns: with {patterns} patterns "
            f"of squared norm {squared_norm:g} these lie from {at(0.0) + nll:.4g} to {at(1.0) + nll:.4g}"
        )
    return float(brentq(at, 0.0, 1.0))


def orders_of(owners: ArrayLike) -> NDArray[np.int64]:
    """Orders (K,) of the components that own any pattern, from each pattern's owner (P,)."""
    counts: NDArray[np.int64] = np.unique(np.asarray(owners), return_counts=True)[1].astype(np.int64)
    return counts


def _approximate_log_norm(q: Floats, squared_norm: float) -> float:
    share = np.sqrt(q).sum() / q.sum()
    return float(squared_norm * share**2 / 2 + np.log(q.sum() * share))


def _checked(orders: ArrayLike, squared_norm: float) -> Floats:
    q = np.asarray(orders, dtype=np.float64)
    if q.ndim != 1 or not q.size or np.any(q < 1) or np.any(q != np.round(q)):
        raise OrdersError(f"orders {q.tolist()} must be one or more whole numbers, each at least 1")
    if not 0 < squared_norm < np.inf:
        raise OrdersError(f"squared norm {squared_norm} of the patterns must be a finite number above 0")
    return q
