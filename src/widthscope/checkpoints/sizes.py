"""Number and dimension of the heads of one attention, from the config, the user, or what shapes show."""

from pathlib import Path

from widthscope.checkpoints.layouts import HeadShape, Layout, Shapes, Weights
from widthscope.checkpoints.model_config import ModelConfig
from widthscope.errors import CheckpointError

WIDTHS = ("hidden_size", "n_embd", "d_model", "dim")


def head_shape(
    path: Path,
    layout: Layout,
    weights: Weights,
    shapes: Shapes,
    config: ModelConfig,
    heads: int | None,
    key_heads: int | None,
) -> HeadShape:
    """Sizes of one attention; what the user gives wins over the config.

    Raises:
        CheckpointError: the number of heads is not known, or does not fit the tensors.
    """
    name = weights.query
    outputs, width = _oriented(layout, shapes[name])
    given = heads
    if heads is None:
        heads = _heads_of(path, weights, shapes, config, outputs, width)
    if layout.fused and weights.query == weights.key:
        key_heads = key_heads or config.key_heads or (heads if outputs == 3 * width else None)
        if key_heads is None:
            raise CheckpointError(
                f"{path}: {name} has {outputs} rows for width {width}, so query heads share keys; "
                "give key_heads"
            )
        head_dim, rest = divmod(outputs, heads + 2 * key_heads)
        if rest or not head_dim:
            raise CheckpointError(
                f"{path}: {heads} query, {key_heads} key and {key_heads} value heads do not divide the "
                f"{outputs} {_axis(layout)} of {name}"
            )
    else:
        head_dim, rest = divmod(outputs, heads)
        if rest or not head_dim:
            raise CheckpointError(
                f"{path}: {heads} heads do not divide the {outputs} {_axis(layout)} of {name}"
            )
        key_heads = _key_heads(
            path, layout, weights, shapes, key_heads or config.key_heads, (head_dim, width)
        )
    if heads % key_heads:
        raise CheckpointError(
            f"{path}: {key_heads} key heads cannot be shared by {heads} query heads of {name}"
        )
    if given is None and config.heads and config.head_dim not in (None, head_dim):
        raise CheckpointError(
            f"{path}: the config beside it says {heads} heads of dimension {config.head_dim}, but those of "
            f"{name} have dimension {head_dim}; give heads, or the right config.json"
        )
    return HeadShape(heads, key_heads, head_dim, width)


def _heads_of(
    path: Path, weights: Weights, shapes: Shapes, config: ModelConfig, outputs: int, width: int
) -> int:
    said = next((config[name] for name in WIDTHS if isinstance(config[name], int)), width)
    if config.heads and said != width:
        raise CheckpointError(
            f"{path}: the config beside it is of width {said}, but {weights.query} takes tokens of width "
            f"{width}; give heads, or the right config.json"
        )
    if config.heads:
        return config.heads
    for name in (f"{weights.stem}.q_norm.weight", f"{weights.stem}.q_layernorm.weight"):
        length = shapes.get(name, (0,))[0]
        if 0 < length < outputs and outputs % length == 0:
            return outputs // length  # the norm acts on one head
    raise CheckpointError(
        f"{path}: nothing says how many heads {weights.query} has (no config.json beside it does); give heads"
    )


def _key_heads(
    path: Path, layout: Layout, weights: Weights, shapes: Shapes, said: int | None, sizes: tuple[int, int]
) -> int:
    """Key heads of separate tensors, which their shapes give."""
    head_dim, width = sizes
    outputs, key_width = _oriented(layout, shapes[weights.key])
    both = f"{weights.query} has shape {shapes[weights.query]} and {weights.key} {shapes[weights.key]}"
    if key_width != width:
        raise CheckpointError(f"{path}: {both}, so queries and keys take tokens of different width")
    if outputs % head_dim or not outputs:
        raise CheckpointError(
            f"{path}: {both}, so keys are not a whole number of heads of dimension {head_dim}"
        )
    if said and said * head_dim != outputs:
        raise CheckpointError(f"{path}: {both}, which is {outputs // head_dim} key heads, not {said}")
    return outputs // head_dim


def _oriented(layout: Layout, shape: tuple[int, ...]) -> tuple[int, int]:
    """Outputs and inputs of a projection."""
    rows, columns = shape
    return (columns, rows) if layout.transposed else (rows, columns)


def _axis(layout: Layout) -> str:
    return "columns" if layout.transposed else "rows"
