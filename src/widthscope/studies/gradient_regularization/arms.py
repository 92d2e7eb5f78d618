"""Arms of an experiment: how a network is trained, by name, and what a name says in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Method = Literal["plain", "double", "forward", "backward"]


@dataclass(frozen=True)
class Arm:
    """One way to train.

    Attributes:
        method: plain SGD, double backpropagation, or a forward or backward difference of gradients.
        ascent: length e > 0 of the difference's step along the gradient; 0 where there is none.
        strength: gamma of (gamma / 2) |g|^2; 0 for plain SGD.
    """

    method: Method
    ascent: float = 0.0
    strength: float = 0.0

    @property
    def name(self) -> str:
        """Such as ``forward-0.5``: unique among arms of one strength, and safe in a path."""
        return f"{self.method}-{self.ascent:g}" if self.ascent else self.method

    @property
    def signed_ascent(self) -> float:
        """e of the forward difference, -e of the backward one."""
        return -self.ascent if self.method == "backward" else self.ascent

    @property
    def gradients(self) -> float:
        """What an update costs, in plain gradients of a deep network: 1, 2 or 3."""
        return {"plain": 1.0, "double": 3.0, "forward": 2.0, "backward": 2.0}[self.method]


def grid(strength: float, ascents: Sequence[float]) -> tuple[Arm, ...]:
    """Plain SGD, double backpropagation, and both differences at every ascent, of one strength."""
    both: tuple[Method, Method] = ("forward", "backward")
    return (
        Arm("plain"),
        Arm("double", strength=strength),
        *(Arm(method, ascent, strength) for method in both for ascent in ascents),
    )


def called(method: str, ascent: float = 0.0) -> str:
    """An arm for readers, such as `F-GR at ascent 0.5`."""
    names = {"plain": "SGD", "double": "double backpropagation", "forward": "F-GR", "backward": "B-GR"}
    return f"{names[method]} at ascent {ascent:g}" if ascent else names[method]
