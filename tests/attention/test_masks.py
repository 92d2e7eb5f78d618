import pytest
import torch

from widthscope.attention.masks import causal, masked_softmax


def scores(*shape):
    return 3 * torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def test_rows_sum_to_one_and_columns_do_not():
    A = masked_softmax(scores(50, 4, 4))
    torch.testing.assert_close(A.sum(-1), torch.ones(50, 4, dtype=torch.float64))
    assert (A.sum(-2) - 1).abs().max() > 0.5


@pytest.mark.parametrize("mask", [None, causal(5)])
def test_agrees_with_torch_softmax(mask):
    P = scores(20, 3, 5, 5)
    hidden = P if mask is None else P.masked_fill(~mask, -torch.inf)
    torch.testing.assert_close(masked_softmax(P, mask), torch.softmax(hidden, -1))


def test_causal_mask_shows_each_token_itself_and_its_past():
    A = masked_softmax(scores(10, 4, 4), causal(4))
    assert torch.equal(A.triu(1), torch.zeros_like(A))
    assert torch.equal(A[:, 0, 0], torch.ones(10, dtype=torch.float64))
    torch.testing.assert_close(A.sum(-1), torch.ones(10, 4, dtype=torch.float64))
    assert causal(3).tolist() == [[True, False, False], [True, True, False], [True, True, True]]


def test_huge_scores_hidden_or_seen_stay_finite():
    P = torch.tensor([[[0.0, 1e300], [700.0, 710.0]]], dtype=torch.float64)
    A = masked_softmax(P, causal(2))
    assert torch.equal(A[0, 0], torch.tensor([1.0, 0.0], dtype=torch.float64))
    torch.testing.assert_close(A[0, 1, 1], torch.sigmoid(torch.tensor(10.0, dtype=torch.float64)))


def test_scores_are_left_alone():
    P = scores(2, 3, 3)
    before = P.clone()
    masked_softmax(P, causal(3))
    masked_softmax(P)
    assert torch.equal(P, before)


@pytest.mark.parametrize(
    "mask",
    [torch.ones(3, 3), torch.ones(2, 2, dtype=torch.bool), torch.ones(3, 3, dtype=torch.bool).tril(-1)],
)
def test_refuses_masks_of_wrong_kind_or_that_hide_a_token_from_itself(mask):
    with pytest.raises(ValueError, match="mask"):
        masked_softmax(scores(2, 3, 3), mask)
