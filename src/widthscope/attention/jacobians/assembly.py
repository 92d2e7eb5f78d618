"""Dense Jacobians, laid out block of rows by block of rows (theory notes 3.2).

With q carrying beta, v and k the values and keys, o_i = sum_j P_ij v_j, per head

    d MSA_i / d x_k = P_ik W_O^T W_V + P_ik W_O^T (v_k - o_i) (W_K^T q_i)^T + delta_ik W_O^T C_i W_Q,
    C_i = sum_j P_ij (v_j - o_i) k_j^T .

Maps of a token by itself (norms, projections) are applied to these factors, never to the matrix. The first
two terms are small matrix products that write straight into the result; rows are taken in blocks that stay
in the processor's cache, because a fresh Jacobian costs more in memory traffic than in arithmetic.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.attention_derivative import AttentionDerivative
from widthscope.attention.jacobians.token_maps import RadialProjection, RowChange

CACHE_BYTES = 2**19
DEVICE_BYTES = 2**28


def assembled(
    derivative: AttentionDerivative,
    coefficient: Tensor,
    left: Sequence[RadialProjection],
    right: RadialProjection | None,
    own: Tensor | None,
) -> Tensor:
    """coefficient * L J_MSA R + blockdiag(own), (member, batch, token * width, token * width).

    Args:
        coefficient: (member,).
        left: maps of each token by itself after attention, in the order in which they act.
        right: a whole token's map before attention.
        own: (member, batch, token, width, width) or None.
    """
    with torch.no_grad():
        member, batch, count, width = derivative.shape
        factors = _Factors.of(derivative, coefficient, right)
        found = factors.attention.new_empty(member, batch * count, width, count, width)
        left = [maps.rows(_by_rows) for maps in left]
        for m, rows in _blocks(derivative.shape, found):
            _fill(found[m, rows], factors, m, rows, [maps.rows(_only(m, rows)) for maps in left])
        found = found.reshape(member, batch, count, width, count, width)
        diagonal = found.diagonal(dim1=2, dim2=4).permute(0, 1, 4, 2, 3)
        diagonal += _own_attention(derivative, coefficient, left, right)
        if own is not None:
            diagonal += own
        return found.reshape(member, batch, count * width, count * width)


@dataclass(frozen=True)
class _Factors:
    """Small factors of J_MSA R; rows are all tokens of all states of a member.

    Attributes:
        count: tokens of a state.
        attention: coefficient * P, times the scale of `right` at the seen token, (member, row, token, head).
        shared: W_O^T W_V, (member, width, head, width).
        values: W_O^T v_k, (member, batch, width, token, head).
        means: W_O^T o_i, (member, row, width, 1, head).
        questions: W_K^T q_i, (member, row, head, width).
        direction: u of `right`, (member, batch, token, width), or None; then `shared` and `questions` carry
            its gain and are centred where it is.
        along: `shared` applied to u, (member, batch, width, token, head), or None.
    """

    count: int
    attention: Tensor
    shared: Tensor
    values: Tensor
    means: Tensor
    questions: Tensor
    direction: Tensor | None
    along: Tensor | None

    @classmethod
    def of(
        cls, derivative: AttentionDerivative, coefficient: Tensor, right: RadialProjection | None
    ) -> "_Factors":
        member, batch, count, width = derivative.shape
        weights, seen = derivative.weights, derivative.seen
        head = weights.value.shape[1]
        attention = seen.attention.reshape(member, batch, head, count, count).permute(0, 1, 3, 4, 2)
        attention = attention * coefficient[:, None, None, None, None]
        shared = weights.value if weights.output is None else weights.output.mT @ weights.value
        values, means = (_per_head(weights.output, t, derivative.shape) for t in (seen.values, seen.means))
        questions = _per_head(weights.key, seen.questions, derivative.shape)
        direction, along = None, None
        if right is not None:
            assert right.scale is not None
            direction = right.direction
            attention = attention * right.scale[:, :, None]
            if right.gain is not None:
                shared, questions = shared * right.gain, questions * right.gain[:, :, None]
            if right.centred:
                shared, questions = (t - t.mean(dim=-1, keepdim=True) for t in (shared, questions))
            along = (direction[:, :, None] @ shared.mT[:, None]).permute(0, 1, 4, 3, 2)
        return cls(
            count=count,
            attention=attention.reshape(member, batch * count, count, head),
            shared=shared.transpose(1, 2).contiguous(),
            values=values.permute(0, 1, 4, 3, 2).contiguous(),
            means=means.permute(0, 1, 3, 4, 2).reshape(member, batch * count, width, 1, head),
            questions=questions.transpose(2, 3).reshape(member, batch * count, head, width),
            direction=direction,
            along=along,
        )


def _fill(block: Tensor, factors: _Factors, m: int, rows: slice, left: Sequence[RadialProjection]) -> None:
    """The first two terms of a block of rows, (row, width, token, width)."""
    n, width, count, _ = block.shape
    states = torch.arange(rows.start, rows.stop, device=block.device) // factors.count
    attention, questions = factors.attention[m, rows], factors.questions[m, rows]
    head = attention.shape[-1]
    shared = factors.shared[m].reshape(width, head * width).expand(n, width, head * width)
    pulled = (factors.values[m, states] - factors.means[m, rows]).mul_(attention[:, None])
    pulled = pulled.reshape(n, width, count * head)
    for maps in left:
        shared, pulled = maps.forward(shared), maps.forward(pulled)
    spread = attention[:, None].expand(n, width, count, head).reshape(n * width, count, head)
    seen = block.view(n * width, count, width)
    asked = block.view(n, width * count, width)
    pulled = pulled.reshape(n, width * count, head)
    if factors.direction is None or factors.along is None:
        torch.bmm(pulled, questions, out=asked)
    else:
        direction = factors.direction[m, states]
        across = (questions @ direction.mT).mT[:, None] * pulled.reshape(n, width, count, head)
        lost = torch.addcmul(across, factors.along[m, states], attention[:, None]).sum(dim=-1)
        torch.mul(lost[..., None], -direction[:, None], out=block)
        asked.baddbmm_(pulled, questions)
    seen.baddbmm_(spread, shared.reshape(n * width, head, width))


def _own_attention(
    derivative: AttentionDerivative,
    coefficient: Tensor,
    left: Sequence[RadialProjection],
    right: RadialProjection | None,
) -> Tensor:
    """coefficient * L_i [sum_h W_O^T C_i W_Q] R_i, (member, batch, token, width, width)."""
    member, batch, count, width = derivative.shape
    weights, seen = derivative.weights, derivative.seen
    head, head_dim = weights.query.shape[1:3]
    # C_i is a covariance: taking off the tokens' plain mean beforehand leaves it and spares cancellation.
    middle = seen.values.mean(dim=1, keepdim=True)
    values, keys = seen.values - middle, seen.keys - seen.keys.mean(dim=1, keepdim=True)
    products = (values[..., :, None] * keys[..., None, :]).flatten(2)
    moments = torch.bmm(seen.attention, products).reshape(*seen.values.shape, head_dim)
    moments -= (seen.means - middle)[..., :, None] * torch.bmm(seen.attention, keys)[..., None, :]
    moments = moments.reshape(member, batch, head, count, head_dim, head_dim).transpose(2, 3)
    asked = (moments @ weights.query[:, None, None]).reshape(member, batch * count, head * head_dim, width)
    found = asked if weights.output is None else weights.output.flatten(1, 2).mT[:, None] @ asked
    found = found * coefficient[:, None, None, None]
    for maps in left:
        found = maps.forward(found)
    if right is not None:
        found = right.rows(_by_rows).transposed(found.mT).mT
    return found.reshape(member, batch, count, width, width)


def _per_head(weights: Tensor | None, seen: Tensor, shape: torch.Size) -> Tensor:
    """What each head sees taken back to the width, (member, batch, head, token, width)."""
    member, batch, count, width = shape
    if weights is None:
        return seen.reshape(member, batch, 1, count, width)
    return seen.reshape(member, batch, -1, count, weights.shape[-2]) @ weights[:, None]


def _blocks(shape: torch.Size, found: Tensor) -> Iterator[tuple[int, slice]]:
    """Members and slices of their rows, (batch * token), each as large as the cache allows."""
    member, batch, count, width = shape
    allowed = CACHE_BYTES if found.device.type == "cpu" else DEVICE_BYTES
    size = max(1, allowed // (count * width * width * found.element_size()))
    for m in range(member):
        for begin in range(0, batch * count, size):
            yield m, slice(begin, min(batch * count, begin + size))


def _only(m: int, rows: slice) -> RowChange:
    """Some rows of one member."""
    return lambda values: values[m, rows]


def _by_rows(values: Tensor) -> Tensor:
    """(member, batch, token, values) -> (member, batch * token, values)."""
    return values.flatten(1, 2)
