"""Training of softmax autoencoders with tied weights by a closed gradient, members at once.

Parameters of a member are those of `training`, with both biases. A batch's ``clean`` and ``corrupted`` are
(member, batch, visible).
"""

from dataclasses import dataclass, field

from torch import Tensor

from widthscope.boltzmann.training import HIDDEN_BIAS, VISIBLE_BIAS, WEIGHTS
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.optimisers import Optimiser, State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.schedules import Schedule, constant


def autoencoder_gradients(
    parameters: Parameters, clean: Tensor, corrupted: Tensor
) -> tuple[Tensor, Parameters]:
    """Losses (member,), means of |b + W^T r - v|^2 / 2 with r = softmax(W u + c), and their gradients.

    With the error e = b + W^T r - v and g = r (W e - sum_j r_j w_j . e), which is what reaches the softmax's
    input: d loss / d W = <r e^T + g u^T>, d / d b = <e>, d / d c = <g>.

    Args:
        parameters: weights (member, component, visible) and both biases.
        clean: v, (member, batch, visible).
        corrupted: u, in the same shape.
    """
    weights, count = parameters[WEIGHTS], clean.shape[1]
    # (member, component, batch): sums over few components go over whole rows of examples.
    shares = parameters[HIDDEN_BIAS][..., None].baddbmm(weights, corrupted.mT).softmax(dim=1)
    errors = (parameters[VISIBLE_BIAS][:, None] - clean).baddbmm_(shares.mT, weights)
    reached = weights @ errors.mT
    reached = shares * (reached - (shares * reached).sum(dim=1, keepdim=True))
    found = (shares @ errors).baddbmm_(reached, corrupted).div_(count)
    gradients = {WEIGHTS: found, VISIBLE_BIAS: errors.mean(dim=1), HIDDEN_BIAS: reached.mean(dim=2)}
    return errors.square().sum(dim=(1, 2)) / (2 * count), gradients


@dataclass(frozen=True)
class AutoencoderStep:
    """One update by this gradient and any optimiser; a `gradient_step.Step`.

    Attributes:
        optimiser: such as `optimisers.Adam`; rates may differ by member.
        schedule: factor of the rate by step.
    """

    optimiser: Optimiser
    schedule: Schedule = field(default_factory=constant)

    def start(self, parameters: Parameters) -> State:
        """The optimiser's state before the first update."""
        return self.optimiser.start(parameters)

    def __call__(
        self, parameters: Parameters, state: State, batch: Batch, step: int
    ) -> tuple[Parameters, State, Tensor]:
        """See `gradient_step.Step`."""
        losses, gradients = autoencoder_gradients(parameters, batch["clean"], batch["corrupted"])
        new = self.optimiser.update(parameters, gradients, state, self.schedule(step), step)
        return new, state, losses
