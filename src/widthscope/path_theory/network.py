"""The shape of a network with frozen attention and linear values: heads, widths and prior variances."""

import math
from dataclasses import dataclass
from numbers import Real

from widthscope.errors import PosteriorError


@dataclass(frozen=True)
class Network:
    """Heads H_1..H_L, widths N_1..N_L, N_a and prior variances sigma_0^2, sigma_1^2..sigma_L^2, sigma_a^2.

    `widths` are those that enter attention layers 1..L, then the one that enters the readout. `variances`
    left out are all 1. After construction `variances` always holds L + 2 numbers.

    Raises:
        PosteriorError: if there is no layer, the lengths differ, or a number is not positive and finite.
    """

    heads: tuple[int, ...]
    widths: tuple[int, ...]
    variances: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        layers = len(self.heads)
        if layers == 0:
            raise PosteriorError("a network needs the heads of at least one attention layer, none were given")
        for head in self.heads:
            if not _is_number(head) or int(head) != head or head < 1:
                raise PosteriorError(
                    f"a layer has a whole number of heads >= 1, not {head!r} (heads {self.heads})"
                )
        if len(self.widths) != layers + 1:
            raise PosteriorError(
                f"{layers} attention layers need {layers + 1} widths (N_1..N_{layers} and N_a), "
                f"{len(self.widths)} were given: {self.widths}"
            )
        given = (1.0,) * (layers + 2) if self.variances is None else self.variances
        if len(given) != layers + 2:
            raise PosteriorError(
                f"{layers} attention layers need {layers + 2} prior variances (sigma_0^2, sigma_1^2.."
                f"sigma_{layers}^2, sigma_a^2), {len(given)} were given: {given}"
            )
        for name, numbers in (("width", self.widths), ("prior variance", given)):
            for number in numbers:
                if not (_is_number(number) and number > 0):
                    raise PosteriorError(
                        f"a {name} is positive and finite, not {number!r} (of {tuple(numbers)})"
                    )
        object.__setattr__(self, "heads", tuple(int(head) for head in self.heads))
        object.__setattr__(self, "widths", tuple(self.widths))
        object.__setattr__(self, "variances", tuple(float(variance) for variance in given))

    @classmethod
    def equal(cls, heads: tuple[int, ...], width: int) -> "Network":
        """The network with these heads, all widths equal and all prior variances 1."""
        return cls(tuple(heads), (width,) * (len(heads) + 1))

    @property
    def layers(self) -> int:
        """Number of attention layers, L."""
        return len(self.heads)

    @property
    def paths(self) -> int:
        """Number of attention paths, D = H_1 ... H_L."""
        return math.prod(self.heads)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Sizes d_l = H_l ... H_L of the order parameters U_1..U_L; the first is D."""
        return tuple(math.prod(self.heads[layer:]) for layer in range(self.layers))

    @property
    def input_variance(self) -> float:
        """Prior variance of the input map, sigma_0^2."""
        return self._variances[0]

    @property
    def value_variances(self) -> tuple[float, ...]:
        """Prior variances of the values, sigma_1^2..sigma_L^2."""
        return self._variances[1:-1]

    @property
    def readout_variance(self) -> float:
        """Prior variance of the readout, sigma_a^2."""
        return self._variances[-1]

    @property
    def _variances(self) -> tuple[float, ...]:
        assert self.variances is not None  # filled by __post_init__
        return self.variances

    def scaled(self, factor: int) -> "Network":
        """The same heads and variances with every width times `factor`."""
        return Network(self.heads, tuple(width * factor for width in self.widths), self.variances)


def _is_number(value: object) -> bool:
    """Whether it is a finite number; True and False are none."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
