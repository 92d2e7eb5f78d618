"""The heads of a checkpoint that are most worth a look, each with a sentence that says why.

The rule is fixed: it knows no checkpoint, and its thresholds are not moved after looking.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import xarray as xr

LIMIT = 10
LEVEL = 0.01
"""Adjusted p-value up to which a trace score, or a departure from the initial law, counts."""
TRACE_SCORE = 5.0
"""Size from which a trace score counts where no p-value is given."""
LOW_ENTROPY = 0.5
"""Forecast of the normalised entropy up to which a head counts as local; 1 is uniform attention."""
ALSO = 3
"""A head's other respects are named where it is among this many."""

RULE = (
    "Seven respects, or those that the table has columns for, are gone through in turn, and each names the "
    f"most extreme head that passes its threshold and is not listed yet, until {LIMIT} heads are: the "
    "largest and the smallest trace score, the lowest entropy forecast (at most "
    f"{LOW_ENTROPY:g}), the eigenvalues farthest from the law at initialisation, the largest eigenvalue in "
    "units of that law’s edge, the query bias (moving scores at least as much as the query-key matrix), and "
    "the trace score that the norm’s gain changes most (its sign, or whether it counts). Where there is a "
    f"p-value, it must be at most {LEVEL:g} after adjustment over all heads; a trace score without one must "
    f"have a size of at least {TRACE_SCORE:g}. Thresholds are the same for all checkpoints."
)


@dataclass(frozen=True)
class Notable:
    """One head worth a look.

    Attributes:
        layer: name of its layer, as the checkpoint has it (text from a file).
        head: its index in the layer.
        place: index of the layer.
        why: a sentence without a final stop.
    """

    layer: str
    head: int
    place: int
    why: str


@dataclass(frozen=True)
class _Respect:
    """One respect in which heads can be extreme.

    Attributes:
        rank: (layer, head), larger is more extreme; NaN where the head does not pass.
        say: the words for one head.
        short: the words where the respect is only mentioned.
    """

    rank: np.ndarray
    say: Callable[[tuple[int, int]], str]
    short: str


def notable(table: xr.Dataset, limit: int = LIMIT) -> list[Notable]:
    """The heads most worth a look, by `RULE`, in the order in which the rule picks them.

    Args:
        table: what `widthscope.checkpoints.analysis.analyse` returns.
        limit: how many at most; fewer where fewer pass a threshold.
    """
    respects = _respects(table)
    orders = [_order(respect.rank) for respect in respects]
    picked: dict[tuple[int, int], int] = {}
    while len(picked) < limit:
        before = len(picked)
        for number, order in enumerate(orders):
            fresh = next((head for head in order if head not in picked), None)
            if fresh is not None and len(picked) < limit:
                picked[fresh] = number
        if len(picked) == before:
            break
    names = table["layer"].values
    return [
        Notable(
            str(names[head[0]]),
            int(table["head"].values[head[1]]),
            head[0],
            _why(head, number, respects, orders),
        )
        for head, number in picked.items()
    ]


def _order(rank: np.ndarray) -> list[tuple[int, int]]:
    """Heads from the most extreme on; ties in order of layer and head; those that do not pass left out."""
    flat = rank.ravel()
    order = np.argsort(-flat, kind="stable")
    return [
        (int(place // rank.shape[1]), int(place % rank.shape[1]))
        for place in order
        if np.isfinite(flat[place])
    ]


def _why(
    head: tuple[int, int], number: int, respects: list[_Respect], orders: list[list[tuple[int, int]]]
) -> str:
    also = [
        respect.short
        for other, (respect, order) in enumerate(zip(respects, orders, strict=True))
        if other != number and head in order[:ALSO]
    ]
    more = f"; also among the first {ALSO} by {_joined(also)}" if also else ""
    return respects[number].say(head) + more


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _respects(table: xr.Dataset) -> list[_Respect]:
    """The respects for which the table has columns, in the order of the rule."""
    respects = [*_by_trace_score(table)]
    if "entropy_forecast" in table:
        forecast = table["entropy_forecast"].values
        respects.append(
            _Respect(
                np.where(forecast <= LOW_ENTROPY, -forecast, np.nan),
                lambda head: (
                    f"entropy forecast {forecast[head]:.2f}: on random walks its attention sits on few keys"
                ),
                "entropy forecast",
            )
        )
    if "ks" in table:
        respects += _by_spectrum(table)
    if "bias_norm" in table:
        share = table["bias_norm"].values / table["frobenius"].values
        respects.append(
            _Respect(
                np.where(share >= 1, share, np.nan),
                lambda head: (
                    f"its query bias moves scores {share[head]:.1f} times as much as its query-key matrix, "
                    "and is outside all other columns"
                ),
                "query bias",
            )
        )
    if "trace_score_folded" in table:
        respects.append(_by_folding(table))
    return respects


def counts(table: xr.Dataset, score: str, adjusted: str) -> np.ndarray:
    """Which heads' trace scores count (layer, head): by adjusted p-value, or by size where there is none."""
    if adjusted not in table:
        return np.asarray(np.abs(table[score].values) >= TRACE_SCORE)
    return np.asarray(table[adjusted].values <= LEVEL)


def _by_trace_score(table: xr.Dataset) -> list[_Respect]:
    score = table["trace_score"].values
    beyond = counts(table, "trace_score", "p_adjusted")
    most = float(table.attrs["largest_trace_score"])
    return [
        _Respect(
            np.where(beyond & (sign * score > 0), sign * score, np.nan),
            lambda head, words=words: f"trace score {score[head]:.1f} of at most ±{most:.0f}: {words}",  # type: ignore[misc]
            short,
        )
        for sign, words, short in (
            (1, "it favours keys that resemble the query", "positive trace score"),
            (-1, "it avoids keys that resemble the query", "negative trace score"),
        )
    ]


def _by_spectrum(table: xr.Dataset) -> list[_Respect]:
    distance, reach = table["ks"].values, table["reach"].values
    alone = reach**2 / float(table.attrs["width"])  # |largest|^2 / ||W||_F^2: the edge is ||W||_F / sqrt(d)
    return [
        _Respect(
            np.where(table["ks_p_adjusted"].values <= LEVEL, distance, np.nan),
            lambda head: f"its eigenvalues are {distance[head]:.2f} (KS) away from the law at initialisation",
            "departure of its eigenvalues",
        ),
        _Respect(
            np.where(table["reach_p_adjusted"].values <= LEVEL, reach, np.nan),
            lambda head: (
                f"its largest eigenvalue is {reach[head]:.1f} times the edge of the law at initialisation "
                f"and alone makes up {alone[head]:.0%} of the squared norm of W"
            ),
            "largest eigenvalue",
        ),
    ]


def _by_folding(table: xr.Dataset) -> _Respect:
    raw, folded = table["trace_score"].values, table["trace_score_folded"].values
    before = counts(table, "trace_score", "p_adjusted")
    after = counts(table, "trace_score_folded", "p_adjusted_folded")
    turned = (before != after) | (before & after & (raw * folded < 0))
    return _Respect(
        np.where(turned, np.abs(raw - folded), np.nan),
        lambda head: (
            f"trace score {raw[head]:.1f} as stored, {folded[head]:.1f} with the norm’s gain folded in: the "
            "gain decides what it is"
        ),
        "change by the norm’s gain",
    )
