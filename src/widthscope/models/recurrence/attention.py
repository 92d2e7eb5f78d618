"""Self-attention of all heads over all tokens, without mask, of many members.

    MSA(X)_i = sum_h W_O,h^T sum_j P_h,ij W_V,h x_j + b,   P_h,ij = softmax_j(beta (W_Q,h x_i) . (W_K,h x_j))

with beta = 1 / sqrt(head_dim); x_i are columns (theory notes 2). Symmetric weights are the one head
W_Q = W_V = A, W_K = W_O = I with beta = 1 / sqrt(width).
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.models.attention import heads_of
from widthscope.models.recurrence.rule import Rule

Parameters = dict[str, Tensor]


@dataclass(frozen=True)
class Heads:
    """The heads' maps, ready to be applied again and again.

    Attributes:
        query: (member, head, head_dim, width), times beta.
        key, output: the same shape; None is the identity (one head of the full width).
        value: the same shape.
        query_bias, key_bias, value_bias: (member, head, head_dim), the first times beta, or None.
        output_bias: (member, width) or None.
    """

    query: Tensor
    key: Tensor | None
    value: Tensor
    output: Tensor | None
    query_bias: Tensor | None
    key_bias: Tensor | None
    value_bias: Tensor | None
    output_bias: Tensor | None


def heads(rule: Rule, parameters: Parameters) -> Heads:
    """The heads that the parameters describe; see `initial` for their names and shapes.

    Biases are optional: `query_bias`, `key_bias`, `value_bias` (member, head, head_dim) and `output_bias`
    (member, width); symmetric weights take the last only.
    """
    query, key = parameters["query"], parameters["key"]
    output_bias = parameters.get("output_bias")
    if rule.weights == "symmetric":
        A = symmetric_matrix(parameters)[:, None]
        return Heads(A * (1 / math.sqrt(A.shape[-1])), None, A, None, None, None, None, output_bias)
    beta = 1 / math.sqrt(query.shape[-2])
    query_bias = parameters.get("query_bias")
    return Heads(
        query=query * beta,
        key=key,
        value=parameters["value"],
        output=parameters["output"],
        query_bias=None if query_bias is None else query_bias * beta,
        key_bias=parameters.get("key_bias"),
        value_bias=parameters.get("value_bias"),
        output_bias=output_bias,
    )


def symmetric_matrix(parameters: Parameters) -> Tensor:
    """A = (W_Q^T W_K + W_K^T W_Q) / 2 of the first head, (member, width, width)."""
    A = parameters["query"][:, 0].mT @ parameters["key"][:, 0]
    return (A + A.mT) / 2


@dataclass(frozen=True)
class Seen:
    """Tokens as the heads see them, with member, batch and head in one leading dimension.

    Attributes:
        questions, keys, values: (member * batch * head, token, head_dim); questions carry beta.
        attention: P, (member * batch * head, token, token).
        means: P times values, (member * batch * head, token, head_dim).
    """

    questions: Tensor
    keys: Tensor
    values: Tensor
    attention: Tensor
    means: Tensor


def seen_by(weights: Heads, state: Tensor) -> Seen:
    """What the heads see of a state (member, batch, token, width)."""
    questions = _projected(weights.query, weights.query_bias, state)
    keys = _projected(weights.key, weights.key_bias, state)
    values = _projected(weights.value, weights.value_bias, state)
    attention = torch.bmm(questions, keys.mT).softmax(dim=-1)
    return Seen(questions, keys, values, attention, torch.bmm(attention, values))


def combined(weights: Heads, means: Tensor, state: Tensor) -> Tensor:
    """Attended values (member * batch * head, token, head_dim) taken back to the width, with output bias.

    Returns:
        (member, batch, token, width), the shape of `state`.
    """
    member, batch, count, width = state.shape
    bias = None if weights.output_bias is None else weights.output_bias[:, None]
    if weights.output is None:
        found = means.reshape(member, batch * count, width)
        return (found if bias is None else found + bias).reshape(state.shape)
    _, head, head_dim, _ = weights.output.shape
    together = means.reshape(member, batch, head, count, head_dim).transpose(2, 3)
    together, output = together.reshape(member, batch * count, head * head_dim), weights.output.flatten(1, 2)
    found = torch.bmm(together, output) if bias is None else torch.baddbmm(bias, together, output)
    return found.reshape(state.shape)


def self_attention(weights: Heads, state: Tensor) -> Tensor:
    """MSA(X) with output bias, (member, batch, token, width)."""
    return combined(weights, seen_by(weights, state).means, state)


def attended(rule: Rule, parameters: Parameters, state: Tensor) -> Tensor:
    """MSA(X) with output bias, of the state as it is given (no normalisation before).

    Args:
        parameters: (member, ...), as from `initial`.
        state: (member, batch, token, width).

    Returns:
        (member, batch, token, width).
    """
    return self_attention(heads(rule, parameters), state)


def _projected(weights: Tensor | None, bias: Tensor | None, state: Tensor) -> Tensor:
    found = state[:, :, None] if weights is None else heads_of(weights, state)
    if bias is not None:
        found = found + bias[:, None, :, None]
    return found.flatten(0, 2)
