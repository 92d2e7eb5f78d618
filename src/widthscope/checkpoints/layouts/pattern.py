"""Weights that the user names: a name with ``{layer}`` where the layer's number stands."""

import re
from dataclasses import replace
from difflib import get_close_matches

from widthscope.checkpoints.layouts.base import Layout, Shapes, Weights, bias_of
from widthscope.checkpoints.layouts.separate import SEPARATE
from widthscope.errors import CheckpointError

PATTERN = replace(
    SEPARATE,
    name="pattern",
    summary="any names, given by query: 'blocks.{layer}.attn.to_q.weight' and key likewise",
    endings=(),
)


def named(shapes: Shapes, query: str, key: str) -> list[Weights]:
    """The attentions whose tensors the patterns name, by the number of their layer.

    Raises:
        CheckpointError: a pattern matches no matrix, or a layer's key is not there.
    """
    begin, _, rest = query.partition("{layer}")
    matches = {name: re.fullmatch(rf"{re.escape(begin)}(\d+){re.escape(rest)}", name) for name in shapes}
    numbers = sorted(int(match[1]) for name, match in matches.items() if match and len(shapes[name]) == 2)
    if not numbers:
        raise CheckpointError(f"no matrix is named like {query}{nearest(shapes, query)}")
    found = []
    for number in numbers:
        names = [pattern.replace("{layer}", str(number)) for pattern in (query, key)]
        if len(shapes.get(names[1], ())) != 2:
            raise CheckpointError(f"no matrix is named {names[1]}{nearest(shapes, key)}")
        found.append(Weights(f"{begin}{number}", names[0], names[1], bias_of(names[0], shapes)))
    return found


def nearest(shapes: Shapes, pattern: str) -> str:
    """The end of a sentence that proposes the names in the file that come closest."""
    patterns = sorted({re.sub(r"\d+", "{layer}", name, count=1) for name in shapes if len(shapes[name]) == 2})
    close = get_close_matches(pattern, patterns, 3, cutoff=0.3)
    return f"; nearest are {', '.join(close)}" if close else ""


def is_fused(layout: Layout) -> bool:
    """Whether one pattern names all that the layout reads."""
    return bool(layout.endings) and layout.fused
