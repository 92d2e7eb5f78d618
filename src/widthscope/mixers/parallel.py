"""Blocks of two mixing branches: one after the other, or side by side on the same normalised features."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from torch import Tensor

from widthscope.mixers.mixing import mix_channels, mix_tokens
from widthscope.mixers.normalisation import joint

Activation = Callable[[Tensor], Tensor]


class Couplings(NamedTuple):
    """A block's matrices, each member's own.

    Attributes:
        token: W (member, Hs, S).
        token_back: W2 (member, S, Hs).
        channel: V (member, Hc, C).
        channel_back: V2 (member, C, Hc).
    """

    token: Tensor
    token_back: Tensor
    channel: Tensor
    channel_back: Tensor


def token_branch(g: Tensor, couplings: Couplings, activation: Activation) -> Tensor:
    """W2 phi(W g); shapes of g and of what is returned (member, token, example, channel)."""
    return mix_tokens(couplings.token_back, activation(mix_tokens(couplings.token, g)))


def channel_branch(g: Tensor, couplings: Couplings, activation: Activation) -> Tensor:
    """phi(g V^T) V2^T; shapes as in `token_branch`."""
    hidden = activation(mix_channels(g, couplings.channel.mT))
    return mix_channels(hidden, couplings.channel_back.mT)


def update(g: Tensor, couplings: Couplings, activation: Activation) -> Tensor:
    """U(g), both branches on the same g. Where W2 = W^T and V2 = V^T it is minus the energy's gradient in g.

    Source: theory notes, section 2 and 3.3.
    """
    return token_branch(g, couplings, activation) + channel_branch(g, couplings, activation)


def block(
    x: Tensor, couplings: Couplings, activation: Activation, order: Literal["serial", "parallel"]
) -> Tensor:
    """x + U(LN(x)); or, serial, the token branch's step and then the channel branch's with an LN of its own.

    Args:
        x: (member, token, example, channel).
        couplings: of this block.
        activation: phi.
        order: of the branches.
    """
    if order == "parallel":
        return x + update(joint(x), couplings, activation)
    x = x + token_branch(joint(x), couplings, activation)
    return x + channel_branch(joint(x), couplings, activation)
