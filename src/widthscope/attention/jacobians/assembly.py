"""Dense Jacobians, laid out block of rows by block of rows (theory notes 3.2).

With q carrying beta, v and k the values and keys, o_i = sum_j P_ij v_j, per head

    d MSA_i / d x_k = P_ik W_O^T W_V + U_ik (W_K^T q_i)^T + delta_ik sum_j U_ij (W_Q^T k_j)^T,
    U_ik = P_ik W_O^T (v_k - o_i) .

All are small matrix products that write straight into the result, and maps of a token by itself (norms,
projections) then act on it in place. Rows are taken in blocks that stay in the processor's cache, because a
large Jacobian costs more in memory traffic than in arithmetic.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.attention.jacobians.attention_derivative import AttentionDerivative
from widthscope.attention.jacobians.token_maps import RadialProjection, RowChange

CACHE_BYTES = 2**21
DEVICE_BYTES = 2**28


def assembled(
    derivative: AttentionDerivative,
    coefficient: Tensor,
    before: RadialProjection | None = None,
    after: RadialProjection | None = None,
    own: Tensor | None = None,
    last: RadialProjection | None = None,
) -> Tensor:
    """last (blockdiag(own) + coefficient * after J_MSA before), (member, batch, token * width, same).

    Args:
        coefficient: (member,).
        before: a whole token's map before attention; None is the identity, as for the other maps.
        after, last: maps of each token by itself.
        own: (member, batch, token, width, width), or None for 0.
    """
    with torch.no_grad():
        member, batch, count, width = derivative.shape
        factors = _Factors.of(derivative, coefficient)
        found = factors.attention.new_empty(member, batch * count, width, count, width)
        places = torch.arange(batch * count, device=found.device)
        after, last = (None if maps is None else maps.rows(_by_rows) for maps in (after, last))
        own = None if own is None else own.flatten(1, 2)
        for m, rows in _blocks(derivative.shape, found):
            block, states, tokens = found[m, rows], places[rows] // count, places[rows] % count
            pulled = _fill(block, factors, m, rows, states)
            by_itself = pulled.flatten(2) @ factors.keys[m, states]
            at_itself = (torch.arange(len(block), device=found.device), slice(None), tokens)
            block[at_itself] += by_itself
            if after is not None:
                after.rows(_only(m, rows)).forward_(block.flatten(2))
            if before is not None:
                before.rows(_only(m, states)).right_(block)
            if own is not None:
                block[at_itself] += own[m, rows]
            if last is not None:
                last.rows(_only(m, rows)).forward_(block.flatten(2))
        return found.reshape(member, batch, count * width, count * width)


@dataclass(frozen=True)
class _Factors:
    """Small factors of coefficient * J_MSA; rows are all tokens of all states of a member.

    Attributes:
        attention: coefficient * P, (member, row, token, head).
        shared: W_O^T W_V, (member, width, head, width).
        values: W_O^T v_k, (member, batch, width, token, head).
        means: W_O^T o_i, (member, row, width, 1, head).
        questions: W_K^T q_i, (member, row, head, width).
        keys: W_Q^T k_j, (member, batch, token * head, width); less the tokens' mean, which leaves the sum
            over j as it is and spares cancellation.
    """

    attention: Tensor
    shared: Tensor
    values: Tensor
    means: Tensor
    questions: Tensor
    keys: Tensor

    @classmethod
    def of(cls, derivative: AttentionDerivative, coefficient: Tensor) -> "_Factors":
        member, batch, count, width = derivative.shape
        weights, seen = derivative.weights, derivative.seen
        head = weights.value.shape[1]
        attention = seen.attention.reshape(member, batch, head, count, count).permute(0, 1, 3, 4, 2)
        attention = attention * coefficient[:, None, None, None, None]
        shared = weights.value if weights.output is None else weights.output.mT @ weights.value
        values, means = (_per_head(weights.output, t, derivative.shape) for t in (seen.values, seen.means))
        questions = _per_head(weights.key, seen.questions, derivative.shape)
        keys = _per_head(weights.query, seen.keys - seen.keys.mean(dim=1, keepdim=True), derivative.shape)
        return cls(
            attention=attention.reshape(member, batch * count, count, head),
            shared=shared.transpose(1, 2).contiguous(),
            values=values.permute(0, 1, 4, 3, 2).contiguous(),
            means=means.permute(0, 1, 3, 4, 2).reshape(member, batch * count, width, 1, head),
            questions=questions.transpose(2, 3).reshape(member, batch * count, head, width),
            keys=keys.transpose(2, 3).reshape(member, batch, count * head, width),
        )


def _fill(block: Tensor, factors: _Factors, m: int, rows: slice, states: Tensor) -> Tensor:
    """Writes the first two terms of a block of rows, (row, width, token, width).

    Returns:
        U_ik, (row, width, token, head).
    """
    n, width, count, _ = block.shape
    attention = factors.attention[m, rows]
    head = attention.shape[-1]
    pulled = (factors.values[m, states] - factors.means[m, rows]).mul_(attention[:, None])
    asked = block.view(n, width * count, width)
    torch.bmm(pulled.view(n, width * count, head), factors.questions[m, rows], out=asked)
    if head == 1:  # an outer product; the small matrix products below would have nothing to sum
        block.addcmul_(attention[:, None], factors.shared[m])
        return pulled
    spread = attention[:, None].expand(n, width, count, head).reshape(n * width, count, head)
    shared = factors.shared[m].expand(n, width, head, width).reshape(n * width, head, width)
    block.view(n * width, count, width).baddbmm_(spread, shared)
    return pulled


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


def _only(m: int, rows: slice | Tensor) -> RowChange:
    """Some rows, or states, of one member."""
    return lambda values: values[m, rows]


def _by_rows(values: Tensor) -> Tensor:
    """(member, batch, token, ...) -> (member, batch * token, ...)."""
    return values.flatten(1, 2)
