"""What is done to a network's weights in training: nothing, a penalty, or a condition that holds exactly."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters
from widthscope.models.recurrence import penalties


@dataclass(frozen=True)
class Treatment:
    """A treatment.

    Attributes:
        penalty: parameters of the network and batch -> (member,), or None.
        orthogonal: whether values and outputs are orthogonal and only turned.
        hard: whether values and outputs follow from queries and keys.
    """

    penalty: Callable[[Parameters, Batch], Tensor] | None = None
    orthogonal: bool = False
    hard: bool = False

    def start(self, parameters: Parameters) -> Parameters:
        """What is trained, from one member's parameters."""
        if self.orthogonal:
            return penalties.orthogonal_start(parameters)
        if self.hard:
            return {name: value for name, value in parameters.items() if name not in ("value", "output")}
        return parameters

    def weights(self, trained: Parameters) -> Parameters:
        """The network's parameters from what is trained."""
        if self.orthogonal:
            return penalties.orthogonal_weights(trained)
        return penalties.hard_weights(trained) if self.hard else trained

    def moved(self, trained: Parameters) -> list[str]:
        """Names of what the optimiser moves."""
        fixed = ("value", "output") if self.orthogonal else ()
        return [name for name in trained if name not in fixed]


def _spectral(parameters: Parameters, batch: Batch) -> Tensor:
    carried = {
        name.removeprefix(penalties.TOP): vector
        for name, vector in batch.items()
        if name.startswith(penalties.TOP)
    }
    return penalties.spectral(parameters, carried or None)


TREATMENTS = {
    "none": Treatment(),
    "spectral": Treatment(_spectral),
    "energy-multi": Treatment(lambda p, batch: penalties.energy_multi(p)),
    "orthogonal": Treatment(lambda p, batch: penalties.energy_multi(p), orthogonal=True),
    "energy-single": Treatment(lambda p, batch: penalties.energy_single(p), orthogonal=True),
    "hard": Treatment(hard=True),
}
"""Every treatment by name; `orthogonal` is `energy-multi` of weights that cannot shrink."""


@dataclass(frozen=True)
class Carried:
    """A step that carries along the vectors of the spectral penalty, one power iteration an update.

    Attributes:
        step: sees the vectors in its batch, (member, width) each, as ``top_query`` and so on.
    """

    step: GradientStep

    def start(self, parameters: Parameters) -> State:
        """The step's state, and exact vectors."""
        return {"step": self.step.start(parameters), "vectors": penalties.first_vectors(parameters)}

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """One update; see `ensembles.gradient_step.Step`."""
        vectors = penalties.advanced_vectors(parameters, state["vectors"])
        carried = {f"{penalties.TOP}{name}": vector for name, vector in vectors.items()}
        new, inner, losses = self.step(parameters, state["step"], {**batch, **carried}, step)
        return new, {"step": inner, "vectors": vectors}, losses
