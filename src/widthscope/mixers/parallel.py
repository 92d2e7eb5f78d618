"""Blocks of two mixing branches: one after the other, or side by side on the same normalised features."""

from collections.abc import Callable
from typing import Literal, NamedTuple, get_args

from torch import Tensor

from widthscope.mixers.designs import MixerError
from widthscope.mixers.mixing import mix_channels, mix_tokens
from widthscope.mixers.normalisation import joint

Activation = Callable[[Tensor], Tensor]
Order = Literal["serial", "parallel"]


class Couplings(NamedTuple):
    """A block's matrices, each member's own.

    The order is token, token_back, channel, channel_back. `associative_memory.memory.Memory` has the same
    matrices as token, channel, token_back, channel_back: hand either its matrices by name.

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


def block(x: Tensor, couplings: Couplings, activation: Activation, order: Order) -> Tensor:
    """x + U(LN(x)); or, serial, the token branch's step and then the channel branch's with an LN of its own.

    LN is `normalisation.joint` with its `EPS` added to the variance. An `associative_memory.memory.Memory`
    whose energy is to be this block's needs the same eps; its own default is 0.

    Args:
        x: (member, token, example, channel).
        couplings: of this block.
        activation: phi.
        order: of the branches.

    Raises:
        MixerError: for another order, or tables and matrices whose shapes or dtypes do not fit.
    """
    _check(x, couplings, order)
    if order == "parallel":
        return x + update(joint(x), couplings, activation)
    x = x + token_branch(joint(x), couplings, activation)
    return x + channel_branch(joint(x), couplings, activation)


def _check(x: Tensor, couplings: Couplings, order: str) -> None:
    if order not in get_args(Order):
        raise MixerError(f"a block's order {order!r} must be 'serial' or 'parallel'")
    if x.ndim != 4:
        raise MixerError(
            f"a block takes tables of shape (member, token, example, channel), not {tuple(x.shape)}; "
            "a single member has a first dimension of 1"
        )
    members, tokens, _, channels = x.shape
    for name, matrix in couplings._asdict().items():
        axis, count = ("channels", channels) if name.startswith("channel") else ("tokens", tokens)
        side = -2 if name.endswith("_back") else -1
        if matrix.ndim != 3 or matrix.shape[0] not in (1, members) or matrix.shape[side] != count:
            shape = f"(member, {count}, hidden)" if side == -2 else f"(member, hidden, {count})"
            raise MixerError(
                f"the block's matrix {name} needs shape {shape} for {members} members and {count} {axis}, "
                f"not {tuple(matrix.shape)}"
            )
        if matrix.dtype != x.dtype:
            raise MixerError(f"the block's matrix {name} is {matrix.dtype} and its tables are {x.dtype}")
    for forward, backward in (("token", "token_back"), ("channel", "channel_back")):
        hidden, back = getattr(couplings, forward).shape[1], getattr(couplings, backward).shape[2]
        if hidden != back:
            raise MixerError(
                f"the block's matrices {forward} and {backward} have {hidden} and {back} hidden units, and "
                "must have as many"
            )
