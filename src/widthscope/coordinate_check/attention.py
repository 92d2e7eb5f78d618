"""Dimension of attention's heads, seen where a model computes its scores."""

from typing import Any

from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

HEAD_DIMENSIONS = (
    *("head_dim", "head_size", "attention_head_size", "attention_head_dim", "d_head", "dim_head", "d_k"),
    *("dim_per_head", "head_width"),
)
"""Attributes under which attention modules keep the dimension of a head."""
NUMBERS_OF_HEADS = ("num_heads", "n_heads", "n_head", "nhead", "num_attention_heads", "heads")
"""Attributes under which they keep the number of heads."""
_PRODUCTS = ("matmul", "__matmul__", "bmm", "baddbmm")


class ScoresSeen(TorchFunctionMode):
    """Inside, notes the head dimension where scores are computed, and softmaxes of unknown origin.

    Attributes:
        inside: names of the modules that are running, the innermost last.
        dimensions: of the heads, by module.
        softmaxes: modules that call one, where no product of activations came before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.dimensions: dict[str, int] = {}
        self.softmaxes: list[str] = []
        self._summed: int | None = None

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Look at the arguments, and let the call pass."""
        name = getattr(function, "__name__", "")
        where = self.inside[-1] if self.inside else ""
        if name == "scaled_dot_product_attention":
            query = args[0] if args else (kwargs or {}).get("query")
            if isinstance(query, Tensor):
                self.dimensions[where] = int(query.shape[-1])
        elif name in _PRODUCTS:
            factors = [item for item in args if isinstance(item, Tensor)][-2:]
            if len(factors) == 2 and all(item.dim() > 2 for item in factors):
                self._summed = int(factors[0].shape[-1])
        elif name == "softmax":
            if self._summed is None:
                self.softmaxes.append(where)
            else:
                self.dimensions[where] = self._summed
            self._summed = None
        return function(*args, **(kwargs or {}))


def kept_dimension(module: nn.Module, received: int | None) -> int | None:
    """The dimension that a module keeps under a known name, or what it receives over its number of heads."""
    for name in HEAD_DIMENSIONS:
        dimension = getattr(module, name, None)
        if isinstance(dimension, int):
            return dimension
    for name in NUMBERS_OF_HEADS:
        heads = getattr(module, name, None)
        if isinstance(heads, int) and not isinstance(heads, bool) and heads > 0 and received:
            return received // heads if received % heads == 0 else None
    return None
