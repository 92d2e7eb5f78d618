"""Which recurrent attention model: its normalisation and where it stands, and what its weights share."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, get_args

from widthscope.errors import WidthscopeError

Model = Literal["itrsa", "akorn"]
Norm = Literal["none", "unit", "rms", "ln"]
Place = Literal["post", "pre"]
Weights = Literal["free", "symmetric"]


class RecurrenceError(WidthscopeError):
    """A recurrent model is described by an unknown name, or its sizes do not fit."""


@dataclass(frozen=True)
class Rule:
    """One recurrent model, without its sizes and parameters (arXiv:2505.19458, section 2; theory notes 2).

    With X the tokens, C the drive, eta the step size and MSA self-attention of all heads:

        itrsa post:  X <- Norm(X + eta (C + MSA(X)))
        itrsa pre:   X <- X + eta (C + MSA(Norm(X)))
        akorn:       X <- Pi(X + eta (Omega X + Proj_X(C + MSA(X))))

    Attributes:
        model: iterated self-attention, or the oscillator model (arXiv:2410.13821).
        norm: of each token y, with gain g: unit g y / |y|; rms g sqrt(width) y / |y|; ln the same of y less
            its mean; none y. The oscillator model always takes every oscillator to the unit sphere, without
            gain, and lets `norm` and `place` at their defaults.
        place: where the normalisation of `itrsa` stands.
        weights: free, or one head whose query-key matrix A is symmetric, is the value too, and scores by
            X A X^T / sqrt(width) (theory notes 3.8).
        oscillator: N, coordinates of one oscillator of `akorn`: even, a divisor of the width.
    """

    model: Model = "itrsa"
    norm: Norm = "unit"
    place: Place = "post"
    weights: Weights = "free"
    oscillator: int = 4

    def __post_init__(self) -> None:
        for name, allowed in (("model", Model), ("norm", Norm), ("place", Place), ("weights", Weights)):
            _check(name, getattr(self, name), get_args(allowed))
        if self.oscillator < 2 or self.oscillator % 2:
            raise RecurrenceError(
                f"an oscillator of {self.oscillator} coordinates does not rotate in pairs; give an even one"
            )
        if self.model == "akorn" and (self.norm, self.place) != ("unit", "post"):
            raise RecurrenceError(
                f"akorn takes every oscillator to the unit sphere after a step, not norm {self.norm!r} "
                f"with place {self.place!r}; leave them at 'unit' and 'post'"
            )

    def check_width(self, width: int) -> None:
        """RecurrenceError unless tokens of this width split into oscillators."""
        if self.model == "akorn" and width % self.oscillator:
            raise RecurrenceError(
                f"width {width} does not split into oscillators of {self.oscillator} coordinates; "
                "the width must be a multiple"
            )


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        near = get_close_matches(str(value), allowed, n=1, cutoff=0.4)
        hint = f"; nearest is {near[0]!r}" if near else ""
        raise RecurrenceError(f"{name} {value!r} is not one of {', '.join(allowed)}{hint}")
