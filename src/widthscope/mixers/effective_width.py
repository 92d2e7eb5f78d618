"""Effective width of mixing layers at a fixed budget: of connections, or of free parameters.

A pair of token and channel mixings of S x C tables with expansion gamma is a layer of width m = S C. Two
counts must never be mixed up (theory notes 2, docs/theory/pk_mixer.md):

    connections      Omega = gamma m (S + C) / 2     non-zeros of the effective weights, averaged over both
    free parameters  P = gamma (S^2 + C^2)           tied copies counted once

Both budgets leave the largest width to S = C, but along a curve of fixed Omega the free parameters are fewest
there (theory notes 3.1). Plain numbers, so that plans and settings can read this module. The closed forms at
fixed parameters are for choosing shapes, as those that the study `pk_mixer` trains were chosen.
"""

import math
from dataclasses import dataclass

ROUNDING = 1e-9
"""A number of channels this little below an integer is that integer."""


@dataclass(frozen=True)
class Shape:
    """Tokens and channels of the tables, at least one of each.

    Attributes:
        tokens: S.
        channels: C.
        expansion: gamma, hidden units over inputs of each mixing.
    """

    tokens: int
    channels: int
    expansion: float = 1.0

    def __post_init__(self) -> None:
        if self.tokens < 1 or self.channels < 1 or not self.expansion > 0:
            raise ValueError(
                f"{self.tokens} tokens, {self.channels} channels and an expansion of {self.expansion} must "
                "all be above zero"
            )

    @property
    def width(self) -> int:
        """m = S C."""
        return self.tokens * self.channels

    @property
    def connections(self) -> float:
        """Omega, of one mixing layer on average; so many multiplications it takes for an example."""
        return self.expansion * self.width * (self.tokens + self.channels) / 2

    @property
    def parameters(self) -> float:
        """P, of both mixings together."""
        return self.expansion * (self.tokens**2 + self.channels**2)

    @property
    def densities(self) -> tuple[float, float]:
        """Shares of the effective weights of the token and of the channel mixing that are connected."""
        return 1 / self.channels, 1 / self.tokens


def channels_at_connections(tokens: float, connections: float, expansion: float = 1.0) -> float:
    """C(S) with gamma S C (S + C) / 2 = Omega: (-S^2 + sqrt(S^4 + 8 S Omega / gamma)) / (2 S)."""
    _positive(tokens, connections, expansion)
    return (math.sqrt(tokens**4 + 8 * tokens * connections / expansion) - tokens**2) / (2 * tokens)


def channels_at_parameters(tokens: float, parameters: float, expansion: float = 1.0) -> float:
    """C(S) with gamma (S^2 + C^2) = P.

    Raises:
        ValueError: if S^2 alone is as large as P / gamma.
    """
    _positive(tokens, parameters, expansion)
    left = parameters / expansion - tokens**2
    if left <= 0:
        raise ValueError(f"{tokens} tokens leave no channel of {parameters} parameters")
    return math.sqrt(left)


def largest_width_at_connections(connections: float, expansion: float = 1.0) -> float:
    """(Omega / gamma)^(2/3), attained at S = C only: S + C >= 2 sqrt(m)."""
    _positive(connections, expansion)
    return math.pow(connections / expansion, 2 / 3)


def best_tokens_at_connections(connections: float, expansion: float = 1.0) -> float:
    """S = C = (Omega / gamma)^(1/3), where the width is largest."""
    _positive(connections, expansion)
    return math.pow(connections / expansion, 1 / 3)


def largest_width_at_parameters(parameters: float, expansion: float = 1.0) -> float:
    """P / (2 gamma), attained at S = C only."""
    _positive(parameters, expansion)
    return parameters / (2 * expansion)


def shapes_at_connections(connections: float, expansion: float = 1.0) -> list[Shape]:
    """For every number of tokens, from 1 on, the table with the most channels within the budget, if any."""
    _positive(connections, expansion)
    shapes = []
    tokens = 1
    while (channels := math.floor(channels_at_connections(tokens, connections, expansion) + ROUNDING)) >= 1:
        shapes.append(Shape(tokens, channels, expansion))
        tokens += 1
    return shapes


def _positive(*values: float) -> None:
    for value in values:
        if not value > 0:
            raise ValueError(f"sizes and budgets must be above zero, not {value}")
