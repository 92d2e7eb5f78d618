"""Open a checkpoint: find its attention layers by config, names and shapes, without reading a weight."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from widthscope.checkpoints.checkpoint import Checkpoint, LayerReader
from widthscope.checkpoints.detection import Found, Names, detect
from widthscope.checkpoints.families import Family, family_of
from widthscope.checkpoints.layer_names import in_order, layer_of, number_of, short_names
from widthscope.checkpoints.layouts import HeadShape, Weights
from widthscope.checkpoints.layouts.pattern import nearest
from widthscope.checkpoints.left_out import left_out
from widthscope.checkpoints.model_config import ModelConfig
from widthscope.checkpoints.norms import Norm, norm_before, norm_of
from widthscope.checkpoints.reading import LayerSource
from widthscope.checkpoints.sizes import head_shape
from widthscope.checkpoints.tensors import Tensors
from widthscope.errors import CheckpointError


@dataclass(frozen=True)
class _Request:
    """What the user said beside names."""

    heads: int | None
    key_heads: int | None
    norm: str | None
    scale: float | None


def open_checkpoint(
    path: str | Path,
    layout: str = "auto",
    heads: int | None = None,
    key_heads: int | None = None,
    query: str | None = None,
    key: str | None = None,
    norm: str | None = None,
    transposed: bool = False,
    scale: float | None = None,
    part: str | None = None,
) -> Checkpoint:
    """Find the attention layers of a checkpoint; nothing in it is executed, and no weight is read yet.

    Args:
        path: a safetensors file, a file of ``torch.save``, the index of a sharded model, or its folder.
        layout: a name of `widthscope.checkpoints.layouts`, or auto.
        heads: query heads per layer, where no ``config.json`` beside the file says it.
        key_heads: key heads per layer, where fused weights leave it open.
        query: name of the query (or fused) weights with ``{layer}`` in it, for names that are not known.
        key: name of the key weights likewise.
        norm: name of the gain of the norm before attention likewise.
        transposed: whether the weights that a pattern names are stored as (input, output).
        scale: factor of the scores, where it is not the model's own or 1/sqrt(head_dim).
        part: beginning of the tensor names to look at, where a file holds several models.

    Raises:
        CheckpointError: one sentence on what keeps it from being read.
    """
    tensors = Tensors(Path(path))
    found = detect(tensors.path, tensors.shapes, ModelConfig(tensors.config), Names(layout, query, key, part))
    found = replace(
        found,
        layout=replace(found.layout, transposed=transposed or found.layout.transposed),
        weights=tuple(sorted(found.weights, key=lambda one: in_order(one.stem))),
    )
    request = _Request(heads, key_heads, norm, scale)
    for weights in found.weights:
        tensors.check_readable(weights.query)
        tensors.check_readable(weights.key)
    return _described(tensors, found, request)


def _described(tensors: Tensors, found: Found, request: _Request) -> Checkpoint:
    first = found.weights[0]
    config = ModelConfig(tensors.config, first.stem)
    family = _family(tensors, found, config)
    sizes = _common_sizes(tensors, found, request)
    rotary = config.rotary(family, sizes.head_dim)
    left = left_out(found, tensors.shapes, family, config, rotary, sizes)
    sources = [_source(tensors, found, one, sizes, family, request) for one in found.weights]
    names = short_names([one.stem for one in found.weights], found.cross)
    no_norm = () if all(source.norm for source in sources) else _said_of_norm(sources, family)
    return Checkpoint(
        path=str(tensors.path),
        layout=found.layout.name,
        family=family.label,
        width=sizes.width,
        heads=sizes.heads,
        key_heads=sizes.key_heads,
        head_dim=sizes.head_dim,
        dtype=", ".join(sorted({tensors.format(one.query) for one in found.weights})),
        layers=tuple(
            LayerReader(name, source.names(), source.read)
            for name, source in zip(names, sources, strict=True)
        ),
        left_out=(*left.sentences, *no_norm),
        skips_theory=left.skips_theory,
        rotary=rotary,
        contradicted=_contradicted(config, request),
        about={"model_type": config.model_type} if config.model_type else {},
    )


def _contradicted(config: ModelConfig, request: _Request) -> str:
    """What the config says of the heads, where the user says otherwise."""
    said, asked = [], []
    for given, known, what in (
        (request.heads, config.heads, "heads"),
        (request.key_heads, config.key_heads, "key heads"),
    ):
        if given and known and given != known:
            said.append(f"{known} {what}")
            asked.append(str(given))
    if not said:
        return ""
    were = "were" if len(asked) > 1 or asked[0] != "1" else "was"
    return f"config.json says {' and '.join(said)}; {' and '.join(asked)} {were} asked for and taken"


def _family(tensors: Tensors, found: Found, config: ModelConfig) -> Family:
    family, known = family_of(config.model_type, [one.query for one in found.weights] + list(tensors.shapes))
    if config["do_layer_norm_before"] is False:
        family = replace(family, post_norm=True)
    return replace(family, known=known)


def _common_sizes(tensors: Tensors, found: Found, request: _Request) -> HeadShape:
    """The sizes that all layers share."""
    by_sizes: dict[HeadShape, list[str]] = {}
    for one in found.weights:
        config = ModelConfig(tensors.config, one.stem)
        sizes = head_shape(
            tensors.path, found.layout, one, tensors.shapes, config, request.heads, request.key_heads
        )
        by_sizes.setdefault(sizes, []).append(one.stem)
    if len(by_sizes) > 1:
        parts = [
            f"{_shared_beginning(stems)} ({len(stems)} of width {sizes.width} with {sizes.heads} heads)"
            for sizes, stems in by_sizes.items()
        ]
        raise CheckpointError(
            f"{tensors.path} holds attentions of {len(parts)} sizes, {' and '.join(parts[:4])}; give "
            "part, the beginning of the names to look at"
        )
    return next(iter(by_sizes))


def _source(
    tensors: Tensors, found: Found, weights: Weights, sizes: HeadShape, family: Family, request: _Request
) -> LayerSource:
    layer = layer_of(weights.stem)
    config = ModelConfig(tensors.config, weights.stem)
    scale = request.scale or config.scale(family, sizes.head_dim, number_of(layer))
    if request.norm:
        norm: Norm | None = _named_norm(tensors, request.norm, number_of(layer), sizes.width, family)
    else:
        norm = norm_before(layer, tensors.shapes, sizes.width, family)
    return LayerSource(tensors, found.layout, weights, sizes, norm, scale)


def _named_norm(tensors: Tensors, pattern: str, number: int, width: int, family: Family) -> Norm:
    name = pattern.replace("{layer}", str(number))
    if tensors.shapes.get(name) != (width,):
        raise CheckpointError(
            f"{tensors.path}: no norm gain of width {width} is named {name}{nearest(tensors.shapes, pattern)}"
        )
    return norm_of(name, tensors.shapes, family)


def _said_of_norm(sources: Sequence[LayerSource], family: Family) -> tuple[str, ...]:
    without = [source for source in sources if source.norm is None]
    count = "" if len(without) == len(sources) else f" in {len(without)} of {len(sources)} layers"
    why = "the model has none there" if family.post_norm else "the file has none there, or does not tell"
    return (f"No norm is folded into the weights in front of attention{count}: {why}.",)


def _shared_beginning(stems: list[str]) -> str:
    split = [stem.split(".") for stem in stems]
    shared = []
    for parts in zip(*split, strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return ".".join(shared) or stems[0]
