"""The derivative of self-attention at a state: J_MSA v and J_MSA^T u without a matrix (theory notes 3.3)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.models.attention import heads_of
from widthscope.models.recurrence.attention import Heads, Seen, combined, seen_by


@dataclass(frozen=True)
class AttentionDerivative:
    """J_MSA at a state, and what it is made of.

    With `seen` at the state and dots for the changes caused by a tangent,

        dScore = dq k^T + q dk^T,   dP = P * (dScore - rowsum(P * dScore)),   dMSA = (dP v + P dv) W_O .

    Attributes:
        weights: the heads.
        seen: questions, keys, values, attention and means of the heads.
        shape: of the state, (member, batch, token, width).
    """

    weights: Heads
    seen: Seen
    shape: torch.Size

    @classmethod
    def at(cls, weights: Heads, state: Tensor) -> "AttentionDerivative":
        """The derivative at a state (member, batch, token, width)."""
        return cls(weights, seen_by(weights, state), state.shape)

    def value(self, like: Tensor) -> Tensor:
        """MSA of the state itself with output bias; `like` has the state's shape."""
        return combined(self.weights, self.seen.means, like)

    def forward(self, tangents: Tensor) -> Tensor:
        """J_MSA v, (member, batch, k, token, width) -> the same shape."""
        weights, seen = self.weights, self.seen
        dq = self._to_heads(weights.query, tangents)
        dk = self._to_heads(weights.key, tangents)
        dv = self._to_heads(weights.value, tangents)
        change = _times(dq, seen.keys.mT) + _times(dk, seen.questions.mT).mT
        change = self._through_softmax(change)
        return self._to_width(weights.output, _times(change, seen.values) + seen.attention[:, None] @ dv)

    def transposed(self, cotangents: Tensor) -> Tensor:
        """J_MSA^T u, (member, batch, k, token, width) -> the same shape."""
        weights, seen = self.weights, self.seen
        pull = self._to_heads(weights.output, cotangents)
        change = self._through_softmax(_times(pull, seen.values.mT))
        found = self._to_width(weights.query, _times(change, seen.keys))
        found = found + self._to_width(weights.key, _times(change.mT, seen.questions))
        return found + self._to_width(weights.value, seen.attention.mT[:, None] @ pull)

    def _through_softmax(self, change: Tensor) -> Tensor:
        """P * (S - rowsum(P * S)), its own transpose, (..., k, token, token)."""
        weighted = self.seen.attention[:, None] * change
        return torch.addcmul(
            weighted, self.seen.attention[:, None], weighted.sum(dim=-1, keepdim=True), value=-1
        )

    def _to_heads(self, weights: Tensor | None, tangents: Tensor) -> Tensor:
        """(member, batch, k, token, width) -> (member * batch * head, k, token, head_dim)."""
        member, batch, k, count, width = tangents.shape
        if weights is None:
            return tangents.reshape(member * batch, k, count, width)
        found = heads_of(weights, tangents.reshape(member, batch * k, count, width))
        found = found.reshape(member, batch, k, *found.shape[2:]).transpose(2, 3)
        return found.flatten(0, 2)

    def _to_width(self, weights: Tensor | None, tangents: Tensor) -> Tensor:
        """(member * batch * head, k, token, head_dim) -> (member, batch, k, token, width)."""
        member, batch, count, width = self.shape
        _, k, _, head_dim = tangents.shape
        if weights is None:
            return tangents.reshape(member, batch, k, count, width)
        head = weights.shape[1]
        together = tangents.reshape(member, batch, head, k, count, head_dim).permute(0, 1, 3, 4, 2, 5)
        found = together.reshape(member, batch * k * count, head * head_dim) @ weights.flatten(1, 2)
        return found.reshape(member, batch, k, count, width)


def _times(left: Tensor, right: Tensor) -> Tensor:
    """(rows, k, token, a) times (rows, a, b), the same right factor for all k."""
    rows, k, count, inner = left.shape
    return torch.bmm(left.reshape(rows, k * count, inner), right).reshape(rows, k, count, right.shape[-1])
