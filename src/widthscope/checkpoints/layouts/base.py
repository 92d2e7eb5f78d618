"""What a layout says: which tensors hold queries and keys, and in which rows each head begins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

Shapes = Mapping[str, tuple[int, ...]]


@dataclass(frozen=True)
class HeadShape:
    """Sizes of one attention: H query heads, H_kv key heads, head dimension d_h, token width d."""

    heads: int
    key_heads: int
    head_dim: int
    width: int


@dataclass(frozen=True)
class Weights:
    """Tensors of one attention.

    Attributes:
        stem: what the names of its tensors begin with, such as ``model.layers.3.self_attn``.
        query: name of the tensor that holds the queries.
        key: name of the tensor that holds the keys; the same for fused weights.
        query_bias: name of the tensor that holds the queries' bias, or None.
    """

    stem: str
    query: str
    key: str
    query_bias: str | None


@dataclass(frozen=True)
class Layout:
    """How queries and keys lie in their tensors, along the axis of the projection's outputs.

    Attributes:
        name: as the setting ``layout`` calls it.
        summary: what it is, for people who choose.
        endings: how the names of the query's and the key's tensor end; twice the same if they are fused.
        query_start: first row of query head h.
        key_start: first row of key head g.
        transposed: whether tensors are stored as (input, output), so that "rows" are columns.
    """

    name: str
    summary: str
    endings: tuple[tuple[str, str], ...]
    query_start: Callable[[int, HeadShape], int]
    key_start: Callable[[int, HeadShape], int]
    transposed: bool = False

    @property
    def fused(self) -> bool:
        """Whether one tensor holds queries, keys and values."""
        return all(query == key for query, key in self.endings)

    def find(self, shapes: Shapes) -> list[Weights]:
        """Every attention whose tensors are named in this layout's way, in the file's order."""
        found = []
        for name, shape in shapes.items():
            for query, key in self.endings:
                stem = _stem(name, query)
                if stem is None or len(shape) != 2 or not self._fits(shape):
                    continue
                other = f"{stem}.{key}" if stem else key
                if len(shapes.get(other, ())) == 2:
                    found.append(Weights(stem, name, other, bias_of(name, shapes)))
        return found

    def _fits(self, shape: tuple[int, ...]) -> bool:
        """A fused tensor is longer along its outputs, which tells Conv1D from a linear layer."""
        if not self.fused:
            return True
        outputs, inputs = reversed(shape) if self.transposed else shape
        return outputs > inputs


def _stem(name: str, ending: str) -> str | None:
    """What comes before the ending, if the name ends so at a full stop."""
    if name == ending:
        return ""
    return name.removesuffix(f".{ending}") if name.endswith(f".{ending}") else None


def bias_of(name: str, shapes: Shapes) -> str | None:
    """Name of the bias that belongs to a weight, if there is one."""
    for weight, bias in (("q_proj_weight", "in_proj_bias"), ("in_proj_weight", "in_proj_bias")):
        if name.endswith(weight):
            name = name.removesuffix(weight) + bias
            break
    else:
        name = name.removesuffix("weight") + "bias"
    return name if len(shapes.get(name, ())) == 1 else None


def runs(starts: list[int], length: int) -> Iterator[slice]:
    """The rows of several heads as few contiguous slices, in the heads' order."""
    begin = end = None
    for start in starts:
        if start == end:
            end = start + length
            continue
        if begin is not None:
            yield slice(begin, end)
        begin, end = start, start + length
    if begin is not None:
        yield slice(begin, end)
