"""A step of training whose gradient has a closed form, which costs less than differentiation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant


@dataclass(frozen=True)
class ClosedGradientStep(ABC):
    """One update by a gradient in closed form and any optimiser; a `gradient_step.Step`.

    Attributes:
        optimiser: such as `optimisers.SGD` or `optimisers.Adam`; rates may differ by member.
        schedule: factor of the rate by step.
    """

    optimiser: Optimiser
    schedule: Schedule = field(default_factory=constant)

    @abstractmethod
    def gradients(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """Each member's loss (member,) and its gradient; members must not mix."""

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state before the first update."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        losses, gradients = self.gradients(parameters, batch)
        new = self.optimiser.update(parameters, gradients, state, self.schedule(step), step)
        return new, state, losses
