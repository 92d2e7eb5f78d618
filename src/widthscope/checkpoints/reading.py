"""Read the heads of one layer: only their own rows of the tensors, in float64, as column-vector matrices."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from widthscope.checkpoints.checkpoint import LayerHeads
from widthscope.checkpoints.layouts import HeadShape, Layout, Weights, runs
from widthscope.checkpoints.norms import Norm
from widthscope.checkpoints.stored_numbers import Float64
from widthscope.checkpoints.tensors import Tensors


@dataclass(frozen=True)
class LayerSource:
    """Where the heads of one layer lie."""

    tensors: Tensors
    layout: Layout
    weights: Weights
    sizes: HeadShape
    norm: Norm | None
    scale: float

    def names(self) -> tuple[str, ...]:
        """Names of the tensors that are read."""
        norm = (self.norm.gain, self.norm.bias) if self.norm else ()
        found = (self.weights.query, self.weights.key, self.weights.query_bias, *norm)
        return tuple(dict.fromkeys(name for name in found if name))

    def read(self, selection: slice) -> LayerHeads:
        """The chosen query heads, each with the key head that serves it."""
        sizes, layout = self.sizes, self.layout
        heads = range(sizes.heads)[selection]
        queries = [layout.query_start(head, sizes) for head in heads]
        served = [head // (sizes.heads // sizes.key_heads) for head in heads]
        own = sorted(set(served))
        key = self._matrices(self.weights.key, [layout.key_start(one, sizes) for one in own])
        norm = self.norm
        return LayerHeads(
            query=self._matrices(self.weights.query, queries),
            key=key if served == own else key[[own.index(one) for one in served]],
            query_bias=self._bias(queries),
            norm_gain=self.tensors.read(norm.gain) + norm.offset if norm else None,
            norm_kind=norm.kind if norm else None,
            norm_bias=self.tensors.read(norm.bias) if norm and norm.bias else None,
            scale=self.scale,
        )

    def _matrices(self, name: str, starts: list[int]) -> Float64:
        """Matrices of shape (heads, d_h, d) that begin at these rows."""
        sizes = self.sizes
        if self.layout.transposed:
            parts = _gather(lambda run: self.tensors.read(name, columns=run).T, starts, sizes.head_dim)
        else:
            parts = _gather(lambda run: self.tensors.read(name, rows=run), starts, sizes.head_dim)
        return np.ascontiguousarray(parts).reshape(len(starts), sizes.head_dim, sizes.width)

    def _bias(self, starts: list[int]) -> Float64 | None:
        name = self.weights.query_bias
        if name is None:
            return None
        vector = _gather(lambda run: self.tensors.read(name, rows=run), starts, self.sizes.head_dim)
        return vector.reshape(len(starts), self.sizes.head_dim)


def _gather(read: Callable[[slice], Float64], starts: list[int], length: int) -> Float64:
    """Rows of several heads joined; with one run of rows nothing is copied."""
    slices = list(runs(starts, length))
    first = read(slices[0])
    if len(slices) == 1:
        return first
    joined = np.empty((len(starts) * length, *first.shape[1:]))
    joined[: len(first)] = first
    filled = len(first)
    for run in slices[1:]:
        part = read(run)
        joined[filled : filled + len(part)] = part
        filled += len(part)
    return joined
