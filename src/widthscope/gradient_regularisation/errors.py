"""What can go wrong where a user's module, loss and optimiser come in."""

from widthscope.errors import WidthscopeError


class GradientRegularisationError(WidthscopeError):
    """A module, loss, optimiser or number with which gradient regularisation cannot work."""
