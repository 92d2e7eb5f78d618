r"""A hierarchical associative memory of three layers: the visible state, and one hidden layer on each axis.

The visible state x in R^{S x C} acts through g = LN(x). Token units s in R^{Hs x C} are coupled to it by W,
channel units c in R^{S x Hc} by V, each with the index of the other axis and shared weights. Where the hidden
layers are fast, s = W g and c = g V^T, and the visible one is driven by

    U(g) = W2 phi(W g) + phi(g V^T) V2^T ,

a token mixing and a channel mixing that read the same state. With W2 = W^T and V2 = V^T this is -dE/dg of

    E(x) = [x.g - L(x)] - sum Phi(W g) - sum Phi(g V^T) .

Source: theory notes 3.1 and 3.3; arXiv:2406.12220 for the network.
"""

from dataclasses import dataclass

from torch import Tensor

from widthscope.associative_memory import layer_norm
from widthscope.associative_memory.lagrangians import HiddenUnit


@dataclass(frozen=True)
class Memory:
    """Couplings of one network, or of many: all arrays share their leading dimensions.

    The order is token, channel, token_back, channel_back. `mixers.parallel.Couplings` has the same matrices
    as token, token_back, channel, channel_back, and where shapes happen to fit nobody objects: hand either
    its matrices by name.

    Attributes:
        token: W, (..., Hs, S).
        channel: V, (..., Hc, C).
        token_back: W2, (..., S, Hs).
        channel_back: V2, (..., C, Hc).
        unit: of both hidden layers.
        eps: added to the variance in the normalisation. The default of 0 is what the identities are stated
            for; the energy that goes with `mixers.parallel.block` is the one with its
            `mixers.normalisation.EPS`.
        gain: (..., S, C), multiplies the normalised state; None for 1. A gain that is not constant takes
            -dE/dg from W^T phi(W g), unless what comes back is multiplied by it too; the Lagrangian's part of
            the energy is left as it is.
    """

    token: Tensor
    channel: Tensor
    token_back: Tensor
    channel_back: Tensor
    unit: HiddenUnit
    eps: float = 0.0
    gain: Tensor | None = None

    def visible(self, x: Tensor) -> Tensor:
        """g = LN(x), times the gain, (..., S, C)."""
        g = layer_norm.normalised(x, self.eps)
        return g if self.gain is None else self.gain * g

    def inputs(self, g: Tensor) -> tuple[Tensor, Tensor]:
        """What the hidden layers receive: W g (..., Hs, C) and g V^T (..., S, Hc)."""
        return self.token @ g, g @ self.channel.mT

    def feedback(self, token_units: Tensor, channel_units: Tensor) -> Tensor:
        """What the visible layer receives from activities phi(s) and phi(c): (..., S, C)."""
        return self.token_back @ token_units + channel_units @ self.channel_back.mT

    def update(self, x: Tensor) -> Tensor:
        """U(LN x), (..., S, C)."""
        return self.drive_and_energy(x, energy=False)[0]

    def energy(self, x: Tensor) -> Tensor:
        """E(x) of the forward matrices, (...): W2 and V2 do not enter."""
        return self.drive_and_energy(x)[1]

    def drive_and_energy(self, x: Tensor, energy: bool = True) -> tuple[Tensor, Tensor]:
        """U(LN x) and E(x) from one evaluation of the hidden layers; without `energy`, E is left as 0."""
        tokens, channels = self.inputs(self.visible(x))
        phi, potential = self.unit.activation, self.unit.lagrangian
        drive = self.feedback(phi(tokens), phi(channels))
        found = layer_norm.legendre(x, self.eps)
        if energy:
            found = found - potential(tokens).sum((-2, -1)) - potential(channels).sum((-2, -1))
        return drive, found


def symmetric(token: Tensor, channel: Tensor, unit: HiddenUnit, eps: float = 0.0) -> Memory:
    """The memory with W2 = W^T and V2 = V^T, whose energy falls along its dynamics."""
    return Memory(token, channel, token.mT, channel.mT, unit, eps)


def energy_rate(memory: Memory, x: Tensor) -> Tensor:
    r"""dE/dt = -u^T Hess L u along dx/dt = U(LN x) - kappa x, (...), for symmetric couplings and eps = 0.

    The same for every decay kappa, because Hess L x = 0 (theory notes 3.3).
    """
    return -layer_norm.curvature(x, memory.update(x))
