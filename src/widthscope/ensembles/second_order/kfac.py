r"""K-FAC and its relatives by rank-N updates: neither a factor nor an update of n x n entries is formed.

    W_l <- W_l - eta_l (B_l + rho_B)^{-e_B} G_l (A_l + rho_A)^{-e_A}
         = W_l - eta_l (1/N) [delta_l (B_l + rho_B)^{-e_B}]^T [a_{l-1} (A_l + rho_A)^{-e_A}]

costs O(N^3 + N^2 n + N n^2) for a layer and member instead of O(n^3). (e_A, e_B) = (1, 1) is K-FAC, (1, 0)
preconditions inputs alone (FOOF), (0, 1) signals alone.

Source: arXiv:2312.12226; Martens and Grosse, arXiv:1503.05671.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant
from widthscope.ensembles.second_order.damping import Damping, Size
from widthscope.ensembles.second_order.errors import SecondOrderError, known
from widthscope.ensembles.second_order.factors import (
    FISHERS,
    SampledResiduals,
    fisher_signals,
    own_coordinates,
    residual_coordinates,
    windowed_factor,
)
from widthscope.ensembles.second_order.low_rank import (
    LowRankUpdate,
    Passed,
    gradient_update,
    passed_through,
    trained_layers,
    updated,
)
from widthscope.ensembles.second_order.solves import Factor, preconditioned
from widthscope.ensembles.second_order.windows import Window

LAST_FACTORS = ("identity", "empirical")


class LayerFactors(NamedTuple):
    """The two factors of one layer.

    Attributes:
        inputs: A_l.
        outputs: B_l; None for the identity, which is not damped.
    """

    inputs: Factor
    outputs: Factor | None

    def sizes(self) -> tuple[Size, Size]:
        """Trace and dimension of A_l and B_l; those of the identity are 1 and 1: only their ratio matters."""
        first = Size(self.inputs.trace(), self.inputs.rows.shape[2])
        if self.outputs is None:
            return first, Size(first.trace.new_ones(len(first.trace)), 1)
        return first, Size(self.outputs.trace(), self.outputs.rows.shape[2])


def layer_update(
    inputs: Tensor,
    signals: Tensor,
    factors: LayerFactors,
    ridges: tuple[Tensor, Tensor],
    exponents: tuple[float, float] = (1.0, 1.0),
) -> LowRankUpdate:
    """(B + rho_B)^-e_B G (A + rho_A)^-e_A of one layer as two factors of N rows.

    What it does to h_l is `LowRankUpdate.effect`: nothing of the weights' size is formed.

    Args:
        inputs: a_{l-1}, (member, N, n_{l-1}).
        signals: delta_l, (member, N, n_l), without a factor 1/N.
        factors: A_l and B_l, each with its rows' coordinates.
        ridges: (rho_A, rho_B), (member,) each.
        exponents: (e_A, e_B).
    """
    left, right = signals, preconditioned(inputs, factors.inputs, ridges[0], exponents[0])
    if factors.outputs is not None:
        left = preconditioned(signals, factors.outputs, ridges[1], exponents[1])
    return gradient_update(right, left)


@dataclass(frozen=True)
class KFAC:
    r"""K-FAC of the loss (1/2N) sum_n |f_n - y_n|^2, a `gradient_step.Step`.

    A member whose factors are singular to rounding diverges, alone.

    Attributes:
        activation: of `models.mlp`.
        rates: each layer's (member,), by name; a name left out is frozen.
        damping: rho_A and rho_B of every layer.
        exponents: (e_A, e_B), each at least 0.
        fisher: which signals make B_l, of `factors.FISHERS`.
        last_output_factor: ``identity`` for B_L = I without damping, which ``mc`` and ``exact`` estimate for
            the squared loss; ``empirical`` for that of the signals as in the other layers, which amplifies
            what is left in directions without residuals, such as the sum over one-hot targets.
        window: how many of the last batches the factors average over.
        decay: of their weights, in [0, 1); with a window this is the exponential moving average, truncated.
        noise: of ``mc``, see `factors.SampledResiduals`.
        schedule: factor of the rates by step.

    Raises:
        SecondOrderError: if a name is unknown, a number is out of range, or ``mc`` has no noise.
    """

    activation: str
    rates: Mapping[str, Tensor]
    damping: Damping
    exponents: tuple[float, float] = (1.0, 1.0)
    fisher: str = "mc"
    last_output_factor: str = "identity"
    window: int = 1
    decay: float = 0.0
    noise: SampledResiduals | None = None
    schedule: Schedule = field(default_factory=constant)

    def __post_init__(self) -> None:
        known(self.fisher, FISHERS, "Fisher type")
        known(self.last_output_factor, LAST_FACTORS, "output factor of the last layer")
        if min(self.exponents) < 0:
            raise SecondOrderError(f"K-FAC's exponents {self.exponents} must be at least 0")
        if self.window < 1 or not 0 <= self.decay < 1:
            raise SecondOrderError(
                f"K-FAC's window {self.window} must be at least 1 and its decay {self.decay} in [0, 1)"
            )
        if self.fisher == "mc" and self.exponents[1] and self.noise is None:
            raise SecondOrderError(
                "K-FAC with the Fisher type 'mc' needs noise, or the type 'emp' or 'exact'"
            )

    def start(self, parameters: Parameters) -> State:
        """Empty windows."""
        return Window(self.window).start()

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update of ``x`` (member, N, D) and ``y`` (member, N, C); see `gradient_step.Step`."""
        passed = passed_through(parameters, batch, self.activation)
        updates = self.updates(parameters, passed, state, step)
        return updated(parameters, updates, self.rates, self.schedule(step)), state, passed.losses

    def updates(
        self, parameters: Parameters, passed: Passed, state: State, step: int
    ) -> dict[str, LowRankUpdate]:
        """Each trained layer's direction, of the pass at these parameters; the state's windows are filled."""
        factors = self.factors(parameters, passed, state, step)
        layers = passed.layers()
        return {
            name: layer_update(*layers[name], pair, self.damping.ridges(name, *pair.sizes()), self.exponents)
            for name, pair in factors.items()
        }

    def factors(
        self, parameters: Parameters, passed: Passed, state: State, step: int
    ) -> dict[str, LayerFactors]:
        """A_l and B_l of the trained layers, by name."""
        last = tuple(parameters)[-1]
        names = trained_layers(parameters, self.rates)
        layers = passed.layers()
        samples = passed.signals[0].shape[1]
        window = Window(self.window)
        fisher = self._fisher_signals(parameters, passed, step)
        found = {}
        for name in names:
            inputs, _ = layers[name]
            seen = window.add(state, f"inputs {name}", inputs, step)
            first = windowed_factor(seen, self.decay, samples, own_coordinates(inputs))
            second = None
            if name in fisher and not (name == last and self.last_output_factor == "identity"):
                rows = fisher[name]
                seen = window.add(state, f"signals {name}", rows, step)
                second = windowed_factor(seen, self.decay, samples, self._coordinates(passed, rows))
            found[name] = LayerFactors(first, second)
        return found

    def _fisher_signals(self, parameters: Parameters, passed: Passed, step: int) -> dict[str, Tensor]:
        """The signals that make B_l, by layer; none where they are not used."""
        if not self.exponents[1]:
            return {}
        noise = None
        if self.fisher == "mc" and self.noise is not None:
            noise = self.noise(step, passed.forward.outputs)
        signals = fisher_signals(self.fisher, parameters, passed, self.activation, noise)
        return dict(zip(passed.layers(), signals, strict=True))

    def _coordinates(self, passed: Passed, rows: Tensor) -> Tensor | None:
        """How delta_l is made of the Fisher's signals, where it is."""
        if self.fisher == "emp":
            return own_coordinates(rows)
        return residual_coordinates(passed.signals[-1]) if self.fisher == "exact" else None
