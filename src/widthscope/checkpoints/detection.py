"""Which layout a checkpoint has, told by config, names and shapes, and not guessed where two would fit."""

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from widthscope.checkpoints.families import FAMILIES
from widthscope.checkpoints.layouts import FOUND, LAYOUTS, Layout, Shapes, Weights
from widthscope.checkpoints.layouts.pattern import is_fused, named
from widthscope.checkpoints.model_config import ModelConfig
from widthscope.checkpoints.suggestions import fused_names, separate_names
from widthscope.errors import CheckpointError

CROSS = ("EncDecAttention", "encoder_attn", "crossattention", "multihead_attn", "cross_attn", "attn2")
"""Parts of names of attention whose queries and keys come from different sequences."""

COMPRESSED = re.compile(r"\.(?:kv_a_proj_with_mqa|kv_a_proj|wkv_a)\.weight$")
"""Names of the down-projection of latent attention, whose keys are no single matrix of the token."""


@dataclass(frozen=True)
class Found:
    """The attentions of a checkpoint: their layout, their tensors, and the stems of those left out."""

    layout: Layout
    weights: tuple[Weights, ...]
    cross: tuple[str, ...] = ()


@dataclass(frozen=True)
class Names:
    """What the user says of layout and names; everything None means: find out."""

    layout: str = "auto"
    query: str | None = None
    key: str | None = None
    part: str | None = None


def detect(path: Path, shapes: Shapes, config: ModelConfig, names: Names) -> Found:
    """Find the attentions.

    Raises:
        CheckpointError: the layout's name is unknown, there is no attention, or several layouts fit.
    """
    if names.layout != "auto" and names.layout not in LAYOUTS:
        close = get_close_matches(names.layout, ["auto", *LAYOUTS], 1, cutoff=0.4)
        raise CheckpointError(
            f"there is no layout {names.layout!r}{f'; did you mean {close[0]}?' if close else ';'} "
            f"layouts are auto, {', '.join(LAYOUTS)}"
        )
    if names.part:
        inside = {name: shape for name, shape in shapes.items() if name.startswith(names.part)}
        if not inside:
            parts = sorted({name.partition(".")[0] for name in shapes})
            raise CheckpointError(
                f"{path}: no tensor's name begins with {names.part}; some begin with {_few(parts)}"
            )
        shapes = inside
    if names.query:
        return _by_pattern(path, shapes, names)
    if names.layout == "pattern":
        raise CheckpointError(
            "layout pattern needs the names: query='blocks.{layer}.attn.to_q.weight', key likewise"
        )
    fits = _fits(shapes, config, names.layout)
    if not fits:
        raise CheckpointError(_nothing(path, shapes, names.layout))
    if len(fits) > 1:
        raise CheckpointError(_several(path, fits))
    found = fits[0]
    if not found.weights:
        raise CheckpointError(f"{path} holds cross-attention only ({found.cross[0]}), which is not analysed")
    return found


def _by_pattern(path: Path, shapes: Shapes, names: Names) -> Found:
    layout = LAYOUTS["pattern" if names.layout in ("auto", "separate") else names.layout]
    if names.query is None or (names.key is None and not is_fused(layout)):
        fused = fused_names(shapes)
        if names.query in fused:
            raise CheckpointError(f"{path}: {_read_fused(names.query, fused[names.query])}")
        raise CheckpointError(f"layout {layout.name} needs both name patterns, query and key")
    if names.key == names.query and not is_fused(layout):
        raise CheckpointError(
            f"query and key both name {names.query}; give layout stacked, per_head or gpt2 if it holds both"
        )
    if names.key not in (None, names.query) and is_fused(layout):
        raise CheckpointError(
            f"layout {layout.name} has queries and keys in one tensor, but query names {names.query} and key "
            f"{names.key}; leave key or the layout out"
        )
    try:
        return Found(layout, tuple(named(shapes, names.query, names.key or names.query)))
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error}") from None


def _fits(shapes: Shapes, config: ModelConfig, wanted: str) -> list[Found]:
    """Every layout by which attentions are found; one, if the user or the config says which."""
    family = FAMILIES.get(config.model_type or "")
    expected = family.layout if family else None
    if config.model_type == "gpt_bigcode" and config["multi_query"] is False:
        expected = "per_head"
    if wanted != "auto":
        return _found([_any_names(LAYOUTS[wanted])], shapes)
    if expected:
        found = _found([_any_names(LAYOUTS[expected])], shapes)
        if found:
            return found
    found = _found(list(FOUND), shapes)
    if [one.layout.name for one in found] == ["per_head"] and not expected and not _thirds(found[0], shapes):
        # grouped keys may lie beside each group of queries (Falcon) or after all queries (GLM)
        found += _found([_any_names(LAYOUTS["stacked"])], shapes)
    return found


def _found(layouts: list[Layout], shapes: Shapes) -> list[Found]:
    fits = []
    for layout in layouts:
        weights = [one for one in layout.find(shapes) if not COMPRESSED.search(f".{one.key}")]
        cross = tuple(one.stem for one in weights if _is_cross(one.stem))
        if weights:
            own = tuple(one for one in weights if not _is_cross(one.stem))
            fits.append(Found(LAYOUTS[layout.name], own, cross))
    return fits


def _any_names(layout: Layout) -> Layout:
    """A fused layout that was asked for is looked for under the names of every fused one."""
    from dataclasses import replace

    if not layout.fused:
        return layout
    return replace(
        layout, endings=tuple(dict.fromkeys(end for one in FOUND if one.fused for end in one.endings))
    )


def _thirds(found: Found, shapes: Shapes) -> bool:
    """Whether queries, keys and values take a third each, so that every head has its own key."""
    rows, width = shapes[found.weights[0].query]
    return rows == 3 * width


def _is_cross(stem: str) -> bool:
    return any(part in CROSS for part in stem.split("."))


def _nothing(path: Path, shapes: Shapes, layout: str) -> str:
    compressed = next((name for name in shapes if COMPRESSED.search(name)), None)
    if compressed:
        return (
            f"{path} has latent attention ({compressed}): its keys are compressed, which no layout here reads"
        )
    matrices = [name for name, shape in shapes.items() if len(shape) == 2]
    named_so = "" if layout == "auto" else f" in layout {layout}"
    found = (
        f"{path} holds no attention that can be told by its names{named_so}: {len(shapes)} tensors, "
        f"{len(matrices)} of them matrices"
    )
    fused, separate = fused_names(shapes), separate_names(shapes)
    if fused:
        pattern = next(iter(fused))
        return f"{found}; {_read_fused(pattern, fused[pattern])}"
    likely = f", such as {_listed(separate)}" if separate else ""
    return (
        f"{found}{likely}; if one of them is the query, give its name as query and the key's as key, with "
        "{layer} for the layer's number"
    )


def _read_fused(pattern: str, transposed: bool) -> str:
    """The end of a sentence on how to read a matrix that may hold queries, keys and values."""
    ways = "gpt2" if transposed else "stacked or per_head, as the model's code has it"
    many = "columns as rows" if transposed else "rows as columns"
    return (
        f"{pattern} has three times as many {many}; if it holds queries, keys and values, give "
        f"--query '{pattern}' and --layout {ways}"
    )


def _several(path: Path, fits: list[Found]) -> str:
    listed = [
        f"{found.layout.name} ({(*(one.stem for one in found.weights), *found.cross)[0]}, …)"
        for found in fits
    ]
    return f"{path} can be read in {len(fits)} layouts, {' or '.join(listed)}; give layout, or part"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _few(names: list[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
