import pytest
import torch
from tests.ensembles.second_order.small_networks import power

from widthscope.ensembles.second_order.factors import own_factor, windowed_factor
from widthscope.ensembles.second_order.solves import Factor, finite_eigh, power_applied, preconditioned
from widthscope.ensembles.second_order.solves import power as to_the_power

EXPONENTS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)


def rows(count, dimension, seed=0, members=3, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(members, count, dimension, generator=generator, dtype=torch.float64).to(dtype)


def relative(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("exponent", EXPONENTS)
@pytest.mark.parametrize("dimension", [4, 9, 50])
def test_the_small_side_equals_the_large_one_for_own_and_for_other_rows(dimension, exponent):
    own, other = rows(9, dimension), rows(6, dimension, 1)
    factor = own_factor(own)
    # The large side loses (lambda / rho)^e digits where there is nothing but the ridge: not a small one here.
    ridge = torch.tensor([0.5, 1.0, 3.0], dtype=torch.float64)
    matrix = own.mT @ own / 9
    torch.testing.assert_close(factor.matrix(), matrix)
    torch.testing.assert_close(factor.trace(), matrix.diagonal(dim1=1, dim2=2).sum(1))
    wanted = power(matrix, ridge, exponent)
    assert relative(preconditioned(own, factor, ridge, exponent), own @ wanted) < 1e-12
    alien = Factor(factor.rows)  # by Woodbury's identity where it is wide
    assert relative(preconditioned(other, alien, ridge, exponent), other @ wanted) < 1e-12
    assert relative(preconditioned(own, alien, ridge, exponent), own @ wanted) < 1e-12


@pytest.mark.parametrize("exponent", EXPONENTS)
def test_own_rows_lose_no_digits_to_a_small_ridge(exponent):
    own = rows(9, 50)
    left, singular, right = torch.linalg.svd(own, full_matrices=False)
    for small in (1e-2, 1e-6, 1e-12):
        ridge = torch.full((3,), small, dtype=torch.float64)
        scaled = singular * (singular.square() / 9 + small) ** -exponent
        wanted = left @ torch.diag_embed(scaled) @ right
        assert relative(preconditioned(own, own_factor(own), ridge, exponent), wanted) < 1e-12


def test_repeated_and_vanishing_rows_leave_only_the_ridge():
    single = rows(1, 30)
    repeated = torch.cat([single] * 5 + [torch.zeros_like(single)], dim=1)  # rank one
    ridge = torch.full((3,), 0.2, dtype=torch.float64)
    for exponent in EXPONENTS:
        eigenvalue = single.square().sum(2, keepdim=True) * 5 / 6 + 0.2
        for factor in (own_factor(repeated), Factor(own_factor(repeated).rows)):
            found = preconditioned(repeated, factor, ridge, exponent)
            # Woodbury's identity subtracts numbers (lambda / rho)^e, up to 4e4, times the result.
            assert relative(found, repeated * eigenvalue**-exponent) < 1e-10
    zero = torch.zeros(3, 6, 30, dtype=torch.float64)
    for exponent in EXPONENTS:
        found = preconditioned(repeated, Factor(zero), ridge, exponent)
        torch.testing.assert_close(found, repeated * 0.2**-exponent, rtol=1e-13, atol=0)


def test_float32_agrees_with_float64_for_the_dampings_of_sweeps():
    for relative_ridge in (1e-1, 1e-2, 1e-3):
        for exponent in (0.5, 1.0):
            found = {}
            for dtype in (torch.float32, torch.float64):
                z = rows(32, 64, dtype=dtype).clone()
                z[:, :, 0] += 30  # one large direction, as activities have
                factor = own_factor(z)
                found[dtype] = preconditioned(z, factor, relative_ridge * factor.trace(), exponent)
            # A solve's error is a few times rounding (6e-8) times the condition number, 1 / ridge here.
            assert relative(found[torch.float32].double(), found[torch.float64]) < 10 * 6e-8 / relative_ridge


def test_slightly_negative_eigenvalues_of_float32_are_clamped():
    single = rows(1, 200, dtype=torch.float32)
    repeated = single.repeat(1, 40, 1) * 100
    gram = repeated @ repeated.mT
    assert float(torch.linalg.eigvalsh(gram).min()) < 0
    values, _ = finite_eigh(gram)
    assert float(values.min()) == 0
    ridge = torch.full((3,), 1e-6)
    assert bool(power_applied(gram, gram[:, :2], ridge, 0.5).isfinite().all())


def test_a_member_that_is_not_finite_gets_nan_and_the_others_what_they_had():
    matrix = rows(12, 5)
    matrix = matrix.mT @ matrix
    ridge = torch.full((3,), 0.1, dtype=torch.float64)
    for exponent in (0.5, 1.0):
        before = power_applied(matrix, rows(4, 5), ridge, exponent)
        for bad in (torch.nan, torch.inf):
            broken = matrix.clone()
            broken[1, 2, 2] = bad
            found = power_applied(broken, rows(4, 5), ridge, exponent)
            assert bool(found[1].isnan().all())
            assert torch.equal(found[[0, 2]], before[[0, 2]])


def test_powers_do_not_depend_on_the_place():
    values = torch.rand(1003, generator=torch.Generator().manual_seed(2)) * 100
    for exponent in (-0.25, -0.5, -1.5):
        whole = to_the_power(values, exponent)
        pieces = torch.cat([to_the_power(piece.clone(), exponent) for piece in values.split(5)])
        assert torch.equal(whole, pieces)
        torch.testing.assert_close(whole, values**exponent)


def test_a_window_of_one_batch_is_that_batch_and_weights_sum_to_one():
    batches = [rows(4, 6, seed) for seed in range(3)]
    own = [z.mT @ z / 4 for z in batches]
    torch.testing.assert_close(windowed_factor(batches[:1], 0.9, 4, None).matrix(), own[0])
    average = (own[0] + 0.5 * own[1] + 0.25 * own[2]) / 1.75
    torch.testing.assert_close(windowed_factor(batches, 0.5, 4, None).matrix(), average)
    torch.testing.assert_close(windowed_factor(batches, 0.0, 4, None).matrix(), own[0])
