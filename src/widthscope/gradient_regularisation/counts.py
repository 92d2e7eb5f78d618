"""Matrix products of one step of gradient regularisation: counted as they run, and by formula.

A multilayer perceptron of L weight matrices, whose input needs no gradient, takes L products forward, L - 1
for the signals and L for the gradients of the weights (theory notes 3.3, after arXiv:2210.02720):

    gradient                   3 L - 1
    finite difference          6 L - 2      two gradients
    double backpropagation     9 L - 5      reverse mode takes two products for each, less two of the input's
"""

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

from widthscope.errors import WidthscopeError

FACTORS = {"mm": (0, 1), "bmm": (0, 1), "addmm": (1, 2), "baddbmm": (1, 2)}
"""Operations that multiply matrices, each one product, and where their two factors stand."""


class DepthError(WidthscopeError):
    """A network of no layers has no step to count."""


class MatrixProducts(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts what runs within, backward passes too::

        with MatrixProducts() as found:
            step(parameters, state, batch, 0)
        found.products

    Below autograd, so that every product is seen that really runs, and none twice. A product of many members
    at once (`bmm`) is one product.

    Attributes:
        products: matrix products so far.
        multiplications: of two numbers, in these products.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.products = 0
        self.multiplications = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Count the operation, if it multiplies matrices, and run it."""
        places = FACTORS.get(func.overloadpacket.__name__)
        if places is not None:
            left, right = (args[place] for place in places)
            self.products += 1
            self.multiplications += left.numel() * right.shape[-1]
        return func(*args, **(kwargs or {}))


def gradient(layers: int) -> int:
    """Products of one gradient, 3 L - 1.

    Raises:
        DepthError: if there is no layer.
    """
    return 3 * _checked(layers) - 1


def finite_difference(layers: int) -> int:
    """Products of a step by a forward or backward difference, 6 L - 2; errors as in `gradient`."""
    return 2 * gradient(layers)


def double_backpropagation(layers: int) -> int:
    """Products of a step by double backpropagation, 9 L - 5; errors as in `gradient`."""
    return 9 * _checked(layers) - 5


def _checked(layers: int) -> int:
    if layers < 1:
        raise DepthError(f"a network has {layers} layers; products are counted of at least 1")
    return layers
