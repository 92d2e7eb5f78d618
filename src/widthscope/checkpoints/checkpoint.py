"""What reading a checkpoint gives: its layers, each of which reads only its own queries and keys."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from widthscope.spectra import rotary

    Array = NDArray[np.float64]

Pairing = Literal["half-split", "interleaved"]
"""Which coordinates rotary positions turn together: i and i + n/2, or 2i and 2i + 1."""

NormKind = Literal["layer", "rms"]
"""LayerNorm centres the token before it scales it, RMSNorm does not."""


@dataclass(frozen=True)
class LayerHeads:
    """Queries and keys of the H heads of one layer, in float64, acting on column vectors.

    The score of key token t for query token s is
    ``scale * (query @ x_s + query_bias) . (key @ x_t)`` up to what is constant over t, where x is what
    enters the projections: after the norm that ``norm_gain`` and ``norm_bias`` belong to, if there is one.

    Attributes:
        query: W_Q, shape (H, d_h, d).
        key: W_K, shape (H, d_h, d); a key head that several query heads share is repeated.
        query_bias: b_Q, shape (H, d_h), or None. The key's bias moves no attention weight and is not read.
        norm_gain: gain of the norm whose output enters attention, shape (d,), or None.
        norm_bias: bias of that norm, shape (d,), or None.
        norm_kind: what that norm is, None if there is none or the file does not tell.
        scale: factor of the scores, 1/sqrt(d_h) unless the model has another.
    """

    query: "Array"
    key: "Array"
    query_bias: "Array | None"
    norm_gain: "Array | None"
    norm_kind: NormKind | None
    scale: float
    norm_bias: "Array | None" = None


@dataclass(frozen=True)
class LayerReader:
    """One attention layer of a checkpoint, not yet read.

    Attributes:
        name: where it is in the model, such as ``h.3`` or ``decoder.block.1 self``.
        tensors: names of the tensors that it reads.
    """

    name: str
    tensors: tuple[str, ...]
    _read: Callable[[slice], LayerHeads] = field(repr=False, compare=False)

    def read(self, heads: slice = slice(None)) -> LayerHeads:
        """Read this layer's queries, keys and norm, and nothing else.

        Args:
            heads: which query heads; a few at a time keep the memory of a wide layer small.

        Raises:
            CheckpointError: a weight is NaN or infinite, or the file changed since it was opened.
        """
        return self._read(heads)


@dataclass(frozen=True)
class Rotary:
    """Rotary position embedding, which makes the score depend on the offset of two tokens.

    Attributes:
        pairing: ``half-split`` pairs the rotated coordinates i and i + n/2, ``interleaved`` 2i and 2i+1.
        base: of the frequencies base^(-2i/n); None if the file does not tell, or layers differ.
        dims: number n of a head's first coordinates that are rotated.
    """

    pairing: Pairing
    base: float | None
    dims: int

    def turning(self) -> "rotary.Rotary":
        """How queries and keys are turned, for `widthscope.spectra.rotary`.

        Raises:
            ValueError: if the file does not tell the base.
        """
        from widthscope.spectra import rotary  # only here: most readers of a checkpoint need no NumPy yet

        if self.base is None:
            raise ValueError("the base of the rotary frequencies is not known")
        return rotary.Rotary(self.pairing, self.base, self.dims)


@dataclass(frozen=True)
class Checkpoint:
    """A model's attention layers, all of one shape, and what its weights alone do not say.

    Attributes:
        path: what was opened.
        layout: how queries and keys are stored; a name of `widthscope.checkpoints.layouts`.
        family: the model's family in words, or the layout's.
        width: d, the dimension of a token.
        heads: number H of query heads per layer.
        key_heads: number of key heads per layer; it divides H.
        head_dim: d_h.
        dtype: how the weights are stored, such as ``bfloat16``; they are given in float64.
        layers: the layers, in the model's order.
        left_out: what the bilinear form x_s^T W_Q^T W_K x_t leaves out of this model's scores, in sentences.
        skips_theory: whether that is so much that predictions from W alone say little about attention.
        rotary: the rotary embedding, if the model is known to have one.
        contradicted: what the config beside the file says of the heads otherwise than the user, whose word
            counts; a part of a sentence, empty where they agree.
        about: further facts of the file's config, such as its ``model_type``.
    """

    path: str
    layout: str
    family: str
    width: int
    heads: int
    key_heads: int
    head_dim: int
    dtype: str
    layers: tuple[LayerReader, ...]
    left_out: tuple[str, ...] = ()
    skips_theory: bool = False
    rotary: Rotary | None = None
    contradicted: str = ""
    about: dict[str, Any] = field(default_factory=dict)
