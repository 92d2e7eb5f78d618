"""Centred kernel alignment against another library's, against loops, and where it must be 0 or 1."""

import numpy as np
import pytest
import torch
from ckatorch.core import cka_base

from widthscope.statistics.cka import AlignmentError, Centred, linear_cka

GENERATOR = np.random.default_rng(0)
COMMON = GENERATOR.standard_normal((40, 3))


def features(width, seed, offset=0.0):
    drawn = np.random.default_rng(seed)
    return COMMON @ drawn.standard_normal((3, width)) + drawn.standard_normal((40, width)) + offset


def by_loops(a, b):
    """The definition, entry by entry, with centring matrices."""
    n = len(a)
    centre = np.eye(n) - np.ones((n, n)) / n

    def hsic(x, y):
        return sum((centre @ x @ centre)[i, j] * y[i, j] for i in range(n) for j in range(n))

    k, m = a @ a.T, b @ b.T
    return hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))


@pytest.mark.parametrize("widths", [(5, 7), (60, 70), (5, 70)])
def test_both_ways_agree_with_another_library(widths):
    a, b = features(widths[0], 1, 3.0), features(widths[1], 2, -1.0)
    expected = float(cka_base(torch.as_tensor(a), torch.as_tensor(b), kernel="linear", method="fro_norm"))
    assert 0.05 < expected < 1
    assert linear_cka(a, b) == pytest.approx(expected, rel=1e-12)
    assert Centred.of(b).cka(Centred.of(a)) == pytest.approx(expected, rel=1e-12)


def test_it_is_its_definition():
    for width in (6, 50):
        a, b = features(4, 3, 2.0), features(width, 4)
        assert linear_cka(a, b) == pytest.approx(by_loops(a, b), rel=1e-10)
        assert Centred.of(a).cka(Centred.of(b)) == linear_cka(a, b)


def test_large_common_means_are_lost_before_anything_is_multiplied():
    a, b = features(5, 1), features(7, 2)
    assert linear_cka(a + 1e4, b - 1e4) == pytest.approx(linear_cka(a, b), rel=1e-8)


def test_rotations_scales_and_shifts_change_nothing():
    a, b = features(5, 1), features(7, 2)
    rotation, _ = np.linalg.qr(GENERATOR.standard_normal((5, 5)))
    assert linear_cka(a, a) == pytest.approx(1.0, rel=1e-12)
    assert linear_cka(a, -3 * a @ rotation + 5) == pytest.approx(1.0, rel=1e-12)
    assert linear_cka(a, b) == pytest.approx(linear_cka(b, a), rel=1e-12)


def test_orthogonal_features_are_not_alike():
    waves = np.linalg.qr(np.concatenate([np.ones((40, 1)), GENERATOR.standard_normal((40, 8))], axis=1))[0]
    assert linear_cka(waves[:, 1:4], waves[:, 4:]) == pytest.approx(0.0, abs=1e-28)


def test_shuffled_examples_leave_the_floor_alone():
    a, b = features(5, 1), features(5, 2)
    shuffled = b[np.random.default_rng(5).permutation(40)]
    assert linear_cka(a, shuffled) < 0.5 * linear_cka(a, b)


def test_what_has_no_alignment_is_refused():
    with pytest.raises(AlignmentError, match="one side is constant"):
        linear_cka(np.ones((5, 2)), features(3, 1)[:5])
    with pytest.raises(AlignmentError, match=r"not \(4,\)"):
        linear_cka(np.ones(4), np.ones((4, 2)))
    with pytest.raises(AlignmentError, match=r"not \(0, 2\)"):
        Centred.of(np.ones((0, 2)))
    with pytest.raises(AlignmentError, match="4 examples are compared with 5"):
        linear_cka(np.ones((4, 2)), np.ones((5, 2)))
    with pytest.raises(AlignmentError, match="5 examples are compared with 4"):
        Centred.of(features(2, 1)[:5]).cka(Centred.of(features(2, 1)[:4]))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_entries_that_are_not_finite_are_refused_on_either_side(bad):
    a, b = features(5, 1), features(7, 2)
    a[3, 2] = bad
    for first, second in ((a, b), (b, a), (a, a)):
        with np.errstate(invalid="ignore"), pytest.raises(AlignmentError, match="must be finite"):
            linear_cka(first, second)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_tensors_with_a_gradient_are_taken_by_their_values(dtype):
    a, b = torch.as_tensor(features(5, 1)).to(dtype).requires_grad_(), features(7, 2)
    expected = linear_cka(a.detach().double().numpy(), b)
    assert linear_cka(a, b) == expected
    assert linear_cka(torch.as_tensor(b), a) == pytest.approx(expected, rel=1e-12)
