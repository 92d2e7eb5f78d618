"""Training of softmax autoencoders with tied weights by a closed gradient, members at once.

Parameters of a member are those of `training`, with both biases. A batch's ``clean`` and ``corrupted`` are
(member, batch, visible).
"""

from torch import Tensor

from widthscope.boltzmann.training import HIDDEN_BIAS, VISIBLE_BIAS, WEIGHTS
from widthscope.ensembles.closed_gradient import ClosedGradientStep
from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.parameters import Parameters


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


class AutoencoderStep(ClosedGradientStep):
    """One update by this gradient; batches have ``clean`` and ``corrupted`` (member, batch, N)."""

    def gradients(self, parameters: Parameters, batch: Batch) -> tuple[Tensor, Parameters]:
        """See `autoencoder_gradients`."""
        return autoencoder_gradients(parameters, batch["clean"], batch["corrupted"])
