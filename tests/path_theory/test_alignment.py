import math

import pytest
import torch
from tests.path_theory.tasks import F64, generator, positive

from widthscope.errors import PosteriorError
from widthscope.path_theory.alignment import centred, label_cosine, label_overlaps

LABELS = torch.tensor([1.0, -1.0] * 5, dtype=F64)


def test_centred_is_the_kernel_of_centred_features():
    features = torch.randn(10, 4, generator=generator(1), dtype=F64)
    less = features - features.mean(0)
    torch.testing.assert_close(centred(features @ features.T), less @ less.T)


def test_cosine_by_its_definition_for_a_batch():
    K = positive(10, batch=(3,))
    H = torch.eye(10, dtype=F64) - 0.1
    for kernel, found in zip(K, label_cosine(K, LABELS), strict=True):
        middle = H @ kernel @ H
        expected = (middle * torch.outer(LABELS, LABELS)).sum() / (middle.norm() * 10)
        torch.testing.assert_close(found, expected)


def test_a_kernel_of_the_labels_alone_is_aligned_perfectly():
    K = torch.outer(LABELS, LABELS) + 5.0
    assert float(label_cosine(K, LABELS)) == pytest.approx(1.0)
    overlaps = label_overlaps(centred(K), LABELS)
    assert float(overlaps[0]) == pytest.approx(1.0)


def test_overlaps_are_ordered_by_eigenvalue_and_complete():
    _, vectors = torch.linalg.eigh(positive(10))
    values = torch.tensor([3.0, 9.0, 1.0, 7.0, 5.0, 2.0, 8.0, 4.0, 6.0, 0.5], dtype=F64)
    found = label_overlaps((vectors * values) @ vectors.T, LABELS)
    expected = (vectors[:, values.argsort(descending=True)].T @ LABELS).abs() / math.sqrt(10)
    torch.testing.assert_close(found, expected)
    assert float(found.square().sum()) == pytest.approx(1.0)


def test_what_has_no_alignment_is_refused():
    with pytest.raises(PosteriorError, match="does not vary"):
        label_cosine(torch.ones(10, 10, dtype=F64), LABELS)
    with pytest.raises(PosteriorError, match="all 0"):
        label_overlaps(positive(10), 0 * LABELS)
    with pytest.raises(PosteriorError, match=r"shape \(\.\.\., 10, 10\)"):
        label_cosine(positive(9), LABELS)
