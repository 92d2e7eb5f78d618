import math

import pytest
import torch

from widthscope.models.attention import attend, causal_entropy, causal_mask, row_entropy, scores

MEMBER, BATCH, HEAD, COUNT, HEAD_DIM, WIDTH = 2, 3, 4, 5, 6, 7


def drawn():
    torch.manual_seed(0)
    weights = [torch.randn(MEMBER, HEAD, HEAD_DIM, WIDTH, dtype=torch.float64) for _ in range(3)]
    return *weights, torch.randn(MEMBER, BATCH, COUNT, WIDTH, dtype=torch.float64)


def test_scores_are_the_bilinear_form_of_each_head():
    query, key, _, tokens = drawn()
    found = scores(query, key, tokens)
    for m, b, h, s, t in [(0, 0, 0, 0, 0), (1, 2, 3, 4, 1), (0, 1, 2, 2, 3)]:
        W = query[m, h].T @ key[m, h] / math.sqrt(HEAD_DIM)
        torch.testing.assert_close(found[m, b, h, s, t], tokens[m, b, s] @ W @ tokens[m, b, t])
    torch.testing.assert_close(scores(query, key, tokens, last_only=True), found[..., -1:, :])


def test_attended_values_are_the_visible_tokens_means():
    query, key, value, tokens = drawn()
    seen, attention = attend(query, key, value, tokens, causal_mask(COUNT, tokens))
    found = scores(query, key, tokens)
    seen = seen.reshape(MEMBER, BATCH, COUNT, HEAD, HEAD_DIM)
    for m, b, h, s in [(0, 0, 0, 0), (1, 2, 3, 4), (0, 1, 2, 2)]:
        row = found[m, b, h, s, : s + 1].softmax(-1)
        torch.testing.assert_close(attention[m, b, h, s, : s + 1], row)
        assert (attention[m, b, h, s, s + 1 :] == 0).all()
        torch.testing.assert_close(seen[m, b, s, h], value[m, h] @ (row @ tokens[m, b, : s + 1]))


def test_uniform_causal_attention_has_entropy_one_and_sharp_attention_zero():
    uniform = torch.zeros(2, 6, 6, dtype=torch.float64) + causal_mask(6, torch.zeros((), dtype=torch.float64))
    torch.testing.assert_close(causal_entropy(uniform.softmax(-1)), torch.ones(2, dtype=torch.float64))
    assert torch.equal(causal_entropy(torch.eye(6).expand(3, 6, 6)), torch.zeros(3))
    assert row_entropy(torch.tensor([0.5, 0.5, 0.0])) == pytest.approx(math.log(2))


def test_entropy_equals_the_sum_over_rows():
    torch.manual_seed(1)
    attention = (torch.randn(4, 4, dtype=torch.float64) + causal_mask(4, torch.ones(1).double())).softmax(-1)
    rows = [
        -sum(float(a) * math.log(float(a)) for a in attention[t, : t + 1]) / math.log(t + 1)
        for t in range(1, 4)
    ]
    assert float(causal_entropy(attention)) == pytest.approx(sum(rows) / 3, rel=1e-12)
