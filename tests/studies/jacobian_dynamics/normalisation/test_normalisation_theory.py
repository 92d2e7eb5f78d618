"""The laws of the normalised width limit against draws, direct iteration and each other."""

from itertools import product

import numpy as np
import pytest

from widthscope.streams import numpy_generator
from widthscope.studies.jacobian_dynamics.normalisation import theory


def gaussian_product(width, generator):
    factors = generator.standard_normal((2, width, width)) / np.sqrt(width)
    return factors[0] @ factors[1]


def sphere(count, width, generator):
    drawn = generator.standard_normal((count, width))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def test_overlaps_are_those_of_words_in_a_free_matrix():
    # M^p sums words in I and B: those of j letters B are equal, and B^j, B^k overlap only for j = k.
    for p, q in product(range(5), repeat=2):
        words = [
            (sum(left), sum(right))
            for left in product((0, 1), repeat=p)
            for right in product((0, 1), repeat=q)
        ]
        by_hand = sum(0.7 ** (2 * j) for j, k in words if j == k)
        assert theory.overlap(p, q, 0.7) == pytest.approx(by_hand, rel=1e-12)
    assert [theory.growth(t, 1.0) for t in range(5)] == [1, 2, 6, 20, 70]
    assert theory.growth(7, 0.0) == 1


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_overlaps_are_means_over_gaussian_products(strength):
    generator, width = numpy_generator("tests", "overlaps"), 64
    found = []
    for _ in range(200):
        M = np.eye(width) + strength * gaussian_product(width, generator)
        powers = np.stack([np.linalg.matrix_power(M, p) for p in range(4)])
        found.append(np.einsum("pab,qab->pq", powers, powers) / width)  # mean over unit vectors u
    mean, error = np.mean(found, 0), np.std(found, 0) / np.sqrt(len(found))
    exact = [[theory.overlap(p, q, strength) for q in range(4)] for p in range(4)]
    # Corrections at finite width are of relative order 1/D, times the number of pairs of letters.
    assert np.all(np.abs(mean - exact) <= 5 * error + 9 * np.array(exact) / width)


@pytest.mark.parametrize("drive", [0.0, 0.5, 2.0])
def test_lengths_are_those_of_uniform_attention(drive):
    generator, width, tokens, steps = numpy_generator("tests", "lengths"), 512, 6, 5
    logs = []
    for _ in range(6):
        B, x = 0.8 * gaussian_product(width, generator), sphere(tokens, width, generator)
        force = drive * sphere(tokens, width, generator)
        realised = theory.realised_lengths(np.eye(width) + B, x, force, steps)
        product_of_lengths = [1.0]
        for _ in range(steps):  # as a model would: every token divided by the common length at once
            y = x + x.mean(0) @ B + force
            length = np.sqrt(np.mean(np.sum(y**2, axis=1)))
            x, product_of_lengths = y / length, [*product_of_lengths, product_of_lengths[-1] * length]
        np.testing.assert_allclose(realised, product_of_lengths, rtol=1e-12)
        logs.append(np.log(realised))
    expected = np.log(theory.lengths(steps, tokens, 0.8, drive))
    assert np.abs(np.mean(logs, 0) - expected).max() < 0.05
    assert theory.realised_lengths(np.eye(width) + B, x, None, 0).tolist() == [1.0]


def test_lengths_without_drive_give_the_gap():
    for steps, tokens, strength in [(1, 2, 1.0), (8, 8, 1.0), (16, 4, 0.5), (3, 1, 2.0)]:
        lengths = theory.lengths(steps, tokens, strength)
        gap = theory.normalisation_gap(steps, tokens, strength)
        assert gap == pytest.approx(np.log(lengths[-1]) / steps, rel=1e-12)
    assert theory.normalisation_gap(8, 8, 1.0) == pytest.approx(0.4615, abs=5e-5)
    assert theory.normalisation_gap(8, 1, 1.0) == theory.gap_of_one_token(8, 1.0)
    assert theory.normalisation_gap(8, 64, 0.0) == 0


def test_one_token_with_drive_by_hand():
    # S = 1, no recurrence: x <- (x + d c)/|.| has R_1 = sqrt(1 + d^2) and R_2^2 = 1 + d^2 (1 + R_1)^2.
    lengths = theory.lengths(2, 1, 0.0, 0.5)
    assert lengths[1] == pytest.approx(np.sqrt(1.25))
    assert lengths[2] == pytest.approx(np.sqrt(1 + 0.25 * (1 + np.sqrt(1.25)) ** 2))


def test_transient_exponent_of_normal_and_of_nilpotent_matrices():
    turn = np.array([[0.0, 2.0], [-2.0, 0.0]])
    shear = np.array([[1.0, 1.0], [0.0, 1.0]])
    both = theory.transient_exponent(np.stack([turn, shear]), 4)
    shear4 = np.linalg.norm([[1, 4], [0, 1]], 2)
    np.testing.assert_allclose(both, [np.log(2), np.log(shear4) / 4], rtol=1e-12)


@pytest.mark.parametrize("strength", [0.5, 1.0, 2.0])
def test_stationary_growth_solves_its_equation(strength):
    for drive, tokens in product([1e-3, 0.3, 1.0, 3.0, 50.0], [1, 2, 16, 10**6]):
        q = theory.stationary_growth(strength, drive, tokens)
        left = (1 - 1 / tokens) / q**2 + 1 / tokens / (q**2 - strength**2)
        assert q > strength
        lost = q**2 / (q**2 - strength**2)  # digits that the difference of squares cancels
        assert drive**2 * left == pytest.approx(1, rel=1e-14 * lost)
    assert theory.stationary_growth(strength, 0.0, 8) == strength


def test_exponent_is_critical_under_weak_drive_and_contracts_under_strong_drive():
    for drive in (0.0, 0.2, 0.9, 1.3, 4.0):
        assert theory.long_run_exponent(1.0, drive, 10**9) == pytest.approx(
            theory.critical_curve(1.0, drive), abs=1e-6
        )
    assert theory.critical_curve(1.0, 3.0) == pytest.approx(-np.log(2))
    found = [theory.long_run_exponent(1.0, drive, 16) for drive in (0.0, 0.7, 1.0, 1.5, 2.0)]
    np.testing.assert_allclose(found, [0, -0.0133, -0.0573, -0.2367, -0.4122], atol=5e-5)


def test_lengths_grow_by_the_stationary_growth():
    lengths = theory.lengths(40, 16, 1.0, 1.5)
    assert lengths[-1] / lengths[-2] == pytest.approx(1 + theory.stationary_growth(1.0, 1.5, 16), rel=1e-6)


def at_rest(B, force, steps=4000):
    """The state that uniform attention and one common length come to, and its length before it is divided."""
    x = np.ones_like(force) / np.sqrt(force.shape[1])
    for _ in range(steps):
        y = x + x.mean(0) @ B + force
        length = np.sqrt(np.mean(np.sum(y**2, axis=1)))
        x = y / length
    return x, length


@pytest.mark.parametrize("kappa", [0.8, 1.5, 3.0])
def test_realised_exponent_is_that_of_the_jacobian_at_rest(kappa):
    generator, width, tokens, compared = numpy_generator("tests", "at rest", kappa), 12, 3, 0
    for _ in range(6):
        B = gaussian_product(width, generator)
        force = kappa * sphere(tokens, width, generator)
        x, length = at_rest(B, force)
        q = theory.realised_growth(B, force)
        full = np.eye(tokens * width) + np.kron(np.full((tokens, tokens), 1 / tokens), B.T)
        flat = x.ravel() / np.sqrt(tokens)
        J = (full - np.outer(flat, flat @ full)) / length
        radius = np.abs(np.linalg.eigvals(J)).max()
        if radius < 0.99:  # it is at rest
            compared += 1
            assert q == pytest.approx(length - 1, rel=1e-9)
            assert theory.realised_exponent(B, force) == pytest.approx(np.log(radius), abs=1e-9)
    assert compared >= 3


def test_realised_exponent_without_drive_tells_real_from_complex():
    turning = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, -0.5]])
    assert theory.realised_exponent(turning, None) == 0
    assert theory.realised_exponent(np.diag([1.0, 0.5, -0.5]), None) == pytest.approx(np.log(1.5 / 2))
    assert theory.realised_exponent(np.diag([1.0, 0.5, -0.5]), np.zeros((2, 3))) == pytest.approx(
        np.log(0.75)
    )
    assert theory.realised_growth(turning, np.zeros((2, 3))) == 0


def test_realised_exponents_tend_to_the_limit():
    generator, deviation = numpy_generator("tests", "limit"), []
    for width in (32, 256):
        found = []
        for _ in range(6):
            B, force = gaussian_product(width, generator), 2 * sphere(16, width, generator)
            found.append(
                [
                    theory.realised_exponent(B, force),
                    theory.leading_exponent(B, theory.realised_growth(B, force)),
                ]
            )
        deviation.append(np.abs(np.mean(found, 0) - theory.long_run_exponent(1.0, 2.0, 16)))
    assert np.all(deviation[1] < 0.04)
    assert np.all(deviation[1] < deviation[0])
