"""Which tensors of a file without known names may be queries and keys, to name them in a refusal."""

import re
from difflib import SequenceMatcher

from widthscope.checkpoints.layouts import Shapes

MOST = 4
"""Names that one sentence has room for."""


def fused_names(shapes: Shapes) -> dict[str, bool]:
    """Patterns of matrices that look as if they held queries, keys and values of a layer, those of qkv first.

    Args:
        shapes: of every tensor, by name.

    Returns:
        whether it is stored as (input, output), by pattern with ``{layer}``.
    """
    patterns = _patterns(shapes)
    found = {}
    for pattern, (rows, columns) in sorted(patterns.items(), key=lambda one: "qkv" not in one[0].lower()):
        if 3 * min(rows, columns) != max(rows, columns):
            continue
        beside = [
            shape for name, shape in patterns.items() if _layer(name) == _layer(pattern) and name != pattern
        ]
        # An attention has its output beside it, a feedforward part three times as wide its way back.
        if "qkv" in pattern.lower() or (beside and (columns, rows) not in beside):
            found[pattern] = columns == 3 * rows
    return found


def separate_names(shapes: Shapes) -> list[str]:
    """Patterns of matrices of one layer that take tokens of one width, the likeliest queries and keys first.

    A matrix that is alone in its layer is none of them: it has no key beside it.
    """
    patterns = _patterns(shapes)
    groups: dict[tuple[str, int], list[str]] = {}
    for pattern, (_, columns) in patterns.items():
        groups.setdefault((_layer(pattern), columns), []).append(pattern)
    found = [(pattern, patterns[pattern]) for group in groups.values() if len(group) > 1 for pattern in group]
    # Feedforward parts widen, queries and keys seldom do.
    ordered = sorted(found, key=lambda one: (one[1][0] > one[1][1], -_likeness(one[0]), one[0]))
    return [pattern for pattern, _ in ordered[:MOST]]


def _patterns(shapes: Shapes) -> dict[str, tuple[int, int]]:
    """Names of matrices with ``{layer}`` for their first number, each with the shape of its first layer."""
    patterns: dict[str, tuple[int, int]] = {}
    for name, shape in shapes.items():
        pattern = re.sub(r"\d+", "{layer}", name, count=1)
        if len(shape) == 2 and pattern != name:
            patterns.setdefault(pattern, (shape[0], shape[1]))
    return patterns


def _layer(pattern: str) -> str:
    return pattern.partition("{layer}")[0]


def _likeness(pattern: str) -> float:
    """How much the name reads like that of queries or keys."""
    own = _inside(pattern)
    likes = ("q", "k", "query", "key", "q_proj", "k_proj", "attn.q_proj", "attn.k_proj", "to_q", "to_k")
    return max(SequenceMatcher(None, own, like).ratio() for like in likes)


def _inside(pattern: str) -> str:
    """What tells the matrices of a layer apart."""
    return pattern.partition("{layer}")[2].strip("._").removesuffix("weight").strip("._").lower()
