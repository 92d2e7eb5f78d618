"""The error of second-order steps."""

from widthscope.errors import WidthscopeError


class SecondOrderError(WidthscopeError):
    """A damping is not positive, an exponent is out of range, or a name is unknown."""


def known(name: str, allowed: tuple[str, ...], what: str) -> str:
    """The name.

    Raises:
        SecondOrderError: if it is not among those allowed.
    """
    if name not in allowed:
        raise SecondOrderError(f"{what} {name!r} is unknown; there are {', '.join(allowed)}")
    return name
