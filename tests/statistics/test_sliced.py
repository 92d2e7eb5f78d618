import numpy as np
import pytest

from widthscope.statistics.sliced import random_directions, sliced_energy, sliced_energy_test


def test_directions_are_unit_and_isotropic() -> None:
    directions = random_directions(4000, 3, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    # entries of the mean outer product have standard deviation at most √(4/45)/√4000 = 0.0047
    np.testing.assert_allclose(directions.T @ directions / 4000, np.eye(3) / 3, atol=5 * 0.0047)


def test_sliced_energy_is_the_average_over_all_pairs_of_draws() -> None:
    rng = np.random.default_rng(1)
    x, y, directions = rng.normal(size=(8, 3)), rng.normal(size=(9, 3)), random_directions(5, 3, rng)
    total = 0.0
    for w in directions:
        a, b = x @ w, y @ w
        total += 2 * np.abs(a[:, None] - b).mean()
        total -= np.abs(a[:, None] - a).sum() / (8 * 7) + np.abs(b[:, None] - b).sum() / (9 * 8)
    assert sliced_energy(x, y, directions) == pytest.approx(total / 5, rel=1e-12)


def test_it_sees_a_dependence_that_coordinates_hide() -> None:
    rng = np.random.default_rng(2)
    correlated = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], 600)
    independent, other = rng.normal(size=(600, 2)), rng.normal(size=(600, 2))
    found = sliced_energy_test(correlated, independent, other, rng, directions=16, permutations=99)
    assert found.p_value == 0.01
    assert found.excess > 5 * found.standard_error
    assert found.excess == pytest.approx(found.distance - found.floor)
    assert found.degrees == 19


def test_p_values_of_equal_laws_are_valid() -> None:
    rng = np.random.default_rng(3)
    p_values = [
        sliced_energy_test(*rng.normal(size=(3, 50, 2)), rng, directions=4, permutations=19, groups=5).p_value
        for _ in range(400)
    ]
    # P(p <= 0.1) = 2/20 exactly for exchangeable draws; five binomial standard deviations
    assert abs(np.mean(np.asarray(p_values) <= 0.1) - 0.1) < 5 * np.sqrt(0.09 / 400)


def test_the_error_of_the_excess_is_not_too_small() -> None:
    rng = np.random.default_rng(4)
    found = []
    for _ in range(150):
        x, y, z = rng.normal(size=(3, 200, 2))
        same_directions = np.random.default_rng(7)
        found.append(sliced_energy_test(x + 0.5, y, z, same_directions, 8, permutations=1, groups=10))
    spread = np.std([f.excess for f in found])
    typical = np.sqrt(np.mean([f.standard_error**2 for f in found]))
    # both are known to about 1/√300 = 6 %; a quarter below would be an error, above is conservative
    assert 0.75 * spread < typical < 1.5 * spread


def test_samples_of_different_dimension_are_refused() -> None:
    rng = np.random.default_rng(5)
    with pytest.raises(ValueError, match="dimension"):
        sliced_energy_test(rng.normal(size=(90, 2)), rng.normal(size=(90, 3)), rng.normal(size=(90, 2)), rng)
    with pytest.raises(ValueError, match="vectors"):
        sliced_energy(rng.normal(size=5), rng.normal(size=5), np.eye(1))
