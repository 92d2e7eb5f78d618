import math
from functools import partial

import pytest
import torch
from tests.spectra.known_maps import F64, ByHand, henon, logistic, normal, normalised, orthogonal, rotation
from torch import Tensor

from widthscope.errors import DynamicsError
from widthscope.spectra.dynamics import AutogradDynamics, LinearDynamics
from widthscope.spectra.lyapunov import LyapunovSpectrum, lyapunov_spectrum


def linear(matrix: Tensor, steps: int, count: int | None = None, **settings: int) -> LyapunovSpectrum:
    n = matrix.shape[-1]
    return lyapunov_spectrum(
        LinearDynamics(matrix), torch.zeros(1, n, dtype=F64), count or n, steps, **settings
    )


def close(found: Tensor, expected: list[float] | Tensor, atol: float = 1e-12) -> None:
    expected = torch.as_tensor(expected, dtype=F64)
    torch.testing.assert_close(found, expected.expand_as(found), rtol=0, atol=atol)


def test_rotations_neither_grow_nor_shrink() -> None:
    found = linear(orthogonal(6), 50)
    close(found.exponents, [0.0] * 6)
    close(found.standard_error, [0.0] * 6)


@pytest.mark.parametrize("n", [2, 6])
def test_the_normalised_rotation_has_zeros_and_one_null_direction(n: int) -> None:
    eta, omega = 0.7, 1.3
    matrix = rotation(torch.full((n // 2,), omega, dtype=F64), eta)
    found = lyapunov_spectrum(AutogradDynamics(partial(normalised, matrix)), normal(3, n), n, 60)
    close(found.exponents[:, : n - 1], 0.0)
    assert (found.exponents[:, n - 1] == -torch.inf).all()
    assert (found.null == torch.tensor([False] * (n - 1) + [True])).all()
    free = linear(matrix, 60)
    close(free.exponents, 0.5 * math.log(1 + (eta * omega) ** 2))


def test_unequal_frequencies_turn_into_the_fastest_plane() -> None:
    eta, omega = 1.0, torch.tensor([0.4, 2.0, 1.0], dtype=F64)
    dynamics = AutogradDynamics(partial(normalised, rotation(omega, eta)))
    found = lyapunov_spectrum(dynamics, normal(2, 6), 6, 100, warm_up=200, frame_warm_up=100)
    slower = [0.5 * math.log((1 + w**2) / (1 + 4)) for w in (1.0, 0.4)]
    close(found.exponents[:, :5], [0.0, slower[0], slower[0], slower[1], slower[1]])
    assert found.null[:, 5].all()


@pytest.mark.parametrize(
    "logs", [[0.3, -0.1, -0.5, -2.0], [0.2, 0.2, -0.4, -0.4]], ids=["simple", "repeated"]
)
def test_a_matrix_that_is_normal_gives_its_moduli(logs: list[float]) -> None:
    Q = orthogonal(4, seed=1)
    close(linear(Q @ torch.diag(torch.tensor(logs, dtype=F64).exp()) @ Q.mT, 200).exponents, logs)


def test_a_triangular_map_gives_the_logarithms_of_its_diagonal() -> None:
    diagonal = torch.tensor([0.5, -1.5, 0.25, 0.9, -0.1], dtype=F64)
    matrix = torch.triu(normal(5, 5), 1) + torch.diag(diagonal)
    found = linear(matrix, 100, frame_warm_up=300)
    close(found.exponents, diagonal.abs().log().sort(descending=True).values)


def test_triangular_maps_with_a_triangular_frame_are_exact_at_once_and_sorted() -> None:
    matrix = torch.triu(normal(4, 4), 1) + torch.diag(torch.tensor([0.5, 2.0, 1.0, 3.0], dtype=F64))
    start = torch.eye(4, dtype=F64)[None]
    settings = {"warm_up": 0, "frame_warm_up": 0, "start": start}
    found = lyapunov_spectrum(LinearDynamics(matrix), torch.zeros(1, 4, dtype=F64), 4, 7, **settings)
    close(found.exponents, torch.tensor([3.0, 2.0, 1.0, 0.5], dtype=F64).log())
    torch.testing.assert_close(found.history[:, -1], found.exponents)


@pytest.mark.parametrize("a", [0.9, 1.0])
def test_a_jordan_block_grows_as_its_power_does(a: float) -> None:
    warm, steps = 50, 1000
    matrix = torch.tensor([[a, 1.0], [0.0, a]], dtype=F64)
    v = torch.tensor([0.6, 0.8], dtype=F64)

    def growth(t: int) -> float:  # of J^t v = a^t (v_1 + t v_2 / a, v_2)
        return t * math.log(a) + math.log(math.hypot(v[0] + t * v[1] / a, v[1]))

    start = torch.stack([v, torch.tensor([1.0, 0.0], dtype=F64)])[None]
    found = lyapunov_spectrum(
        LinearDynamics(matrix), torch.zeros(1, 2, dtype=F64), 2, steps, frame_warm_up=warm, start=start
    )
    top = (growth(warm + steps) - growth(warm)) / steps
    close(found.exponents, [top, 2 * math.log(a) - top], 1e-11)
    assert abs(top - math.log(a)) > 1e-3  # the limit is reached as ln(T) / T only


def test_ten_thousand_steps_of_contraction_do_not_underflow() -> None:
    Q = orthogonal(3, seed=2)
    logs = [-5.0, -7.0, -30.0]  # e^-50000 for the first alone
    found = linear(Q @ torch.diag(torch.tensor(logs, dtype=F64).exp()) @ Q.mT, 10_000)
    close(found.exponents[:, :2], logs[:2])
    close(found.exponents, logs, 1e-4)  # e^-25 of the largest in a step: five digits are left


@pytest.mark.parametrize("null", [1, 3])
def test_null_directions_are_named_and_never_averaged(null: int) -> None:
    Q = orthogonal(6, seed=3)
    logs = torch.linspace(0.4, -1.0, 6, dtype=F64)
    scales = logs.exp()
    scales[6 - null :] = 0
    found = linear(Q @ torch.diag(scales) @ Q.mT, 100)
    kept = 6 - null
    close(found.exponents[:, :kept], logs[:kept])
    assert (found.exponents[:, kept:] == -torch.inf).all()
    assert (found.history[:, :, kept:] == -torch.inf).all()
    assert found.null.tolist() == [[False] * kept + [True] * null]
    assert found.standard_error[:, kept:].isnan().all()
    assert found.standard_error[:, :kept].isfinite().all()


def test_strong_contraction_is_no_null_direction_where_rounding_is_switched_off() -> None:
    matrix = torch.diag(torch.tensor([1.0, 1e-18], dtype=F64))
    state, start = torch.zeros(1, 2, dtype=F64), torch.eye(2, dtype=F64)[None]
    kept = lyapunov_spectrum(LinearDynamics(matrix), state, 2, 9, start=start, null_tolerance=0)
    close(kept.exponents, [0.0, math.log(1e-18)])
    assert lyapunov_spectrum(LinearDynamics(matrix), state, 2, 9, start=start).null.tolist() == [
        [False, True]
    ]


def test_the_zero_map_annihilates_everything() -> None:
    assert linear(torch.zeros(3, 3, dtype=F64), 4).null.all()


def test_the_logistic_map_doubles_errors() -> None:
    state = torch.rand(64, 1, generator=torch.Generator().manual_seed(5), dtype=F64)
    found = lyapunov_spectrum(logistic(4.0), state, 1, 1500)
    spread = float(found.exponents.std())
    assert abs(float(found.exponents.mean()) - math.log(2)) < 4 * spread / 8
    assert spread < 0.02


def test_a_cycle_of_two_is_stable_though_one_step_is_not() -> None:
    rate = 3.2
    dynamics = logistic(rate)
    found = lyapunov_spectrum(dynamics, torch.full((1, 1), 0.3, dtype=F64), 1, 100, warm_up=500)
    close(found.exponents, 0.5 * math.log(4 + 2 * rate - rate**2), 1e-10)
    steepest = max(float(dynamics.jacobian(x).abs().max()) for x in (found.state, dynamics.step(found.state)))
    assert steepest > 1.5


def test_the_henon_map_contracts_areas_by_its_constant() -> None:
    state = 0.1 * torch.rand(32, 2, generator=torch.Generator().manual_seed(6), dtype=F64)
    found = lyapunov_spectrum(henon(), state, 2, 1000)
    close(found.exponents.sum(-1), math.log(0.3), 1e-12)
    top = found.exponents[:, 0]
    assert abs(float(top.mean()) - 0.41922) < 4 * float(top.std()) / 32**0.5 < 0.01  # Sprott 2003


def test_the_cat_map_stretches_by_the_golden_ratio_squared() -> None:
    matrix = torch.tensor([[2.0, 1.0], [1.0, 1.0]], dtype=F64)
    dynamics = AutogradDynamics(lambda state: torch.remainder(state @ matrix.mT, 1.0))
    found = lyapunov_spectrum(dynamics, torch.rand(2, 2, dtype=F64), 2, 100)
    golden = math.log((3 + 5**0.5) / 2)
    close(found.exponents, [golden, -golden])


def test_warming_the_frame_up_removes_the_bias_of_a_random_tangent() -> None:
    n, steps = 512, 150
    scales = torch.full((n,), 0.5, dtype=F64)
    scales[0] = 1
    start = normal(1, 1, n, seed=7)
    lost = math.log(abs(float(start[0, 0, 0] / start.norm())))
    state = torch.zeros(1, n, dtype=F64)
    cold = lyapunov_spectrum(
        LinearDynamics(torch.diag(scales)), state, 1, steps, frame_warm_up=0, start=start
    )
    warm = lyapunov_spectrum(LinearDynamics(torch.diag(scales)), state, 1, steps, start=start)
    close(cold.exponents, lost / steps)
    assert lost / steps < -0.01
    close(warm.exponents, 0.0)


def test_warming_the_state_up_removes_the_way_to_the_fixed_point() -> None:
    dynamics = AutogradDynamics(torch.cos)
    dottie = 0.7390851332151607
    start = torch.full((1, 1), 3.0, dtype=F64)
    found = lyapunov_spectrum(dynamics, start, 1, 50, warm_up=200, frame_warm_up=0)
    close(found.exponents, math.log(math.sin(dottie)))
    cold = lyapunov_spectrum(dynamics, start, 1, 50, warm_up=0, frame_warm_up=0)
    assert abs(float(cold.exponents) - math.log(math.sin(dottie))) > 0.01


def test_history_is_what_fewer_steps_would_give() -> None:
    dynamics, state = henon(), torch.full((2, 2), 0.1, dtype=F64)
    whole = lyapunov_spectrum(dynamics, state, 2, 100, records=7)
    assert whole.recorded.tolist() == [14, 29, 43, 57, 71, 86, 100]
    for record, steps in enumerate(whole.recorded.tolist()):
        part = lyapunov_spectrum(dynamics, state, 2, steps)
        torch.testing.assert_close(whole.history[:, record], part.exponents)


def test_the_standard_error_is_that_of_independent_parts() -> None:
    # One of two slopes by a chaotic switch: independent fair coins, of variance (ln 3)^2 / 4 a step.
    switch = logistic(4.0)

    def slope(state: Tensor) -> Tensor:
        return torch.where(state[:, :1] < 0.5, 1.0, 3.0)

    def step(state: Tensor) -> Tensor:
        return torch.cat([switch.step(state[:, :1]), state[:, 1:] * slope(state)], dim=-1)

    def jacobian(state: Tensor) -> Tensor:
        return torch.diag_embed(torch.cat([switch.jacobian(state[:, :1])[:, 0], slope(state)], dim=-1))

    state = torch.rand(50, 2, generator=torch.Generator().manual_seed(8), dtype=F64)
    start = torch.tensor([[[0.0, 1.0]]], dtype=F64).expand(50, 1, 2)
    found = lyapunov_spectrum(ByHand(step, jacobian), state, 1, 400, start=start)
    expected = math.log(3) / 2 / 400**0.5
    assert float(found.standard_error.square().mean().sqrt()) == pytest.approx(expected, rel=0.2)
    assert float(found.exponents.std()) == pytest.approx(expected, rel=0.3)


def test_a_trajectory_that_diverges_is_not_a_number_and_spoils_no_other() -> None:
    state = torch.tensor([[1.5], [0.5]], dtype=F64)
    found = lyapunov_spectrum(AutogradDynamics(lambda x: x * x + 0.1), state, 1, 50, warm_up=0)
    fixed = (1 - (1 - 0.4) ** 0.5) / 2
    assert found.exponents[0].isnan().all()
    close(found.exponents[1], math.log(2 * fixed), 1e-10)


def test_the_same_start_gives_the_same_digits_and_another_seed_the_same_exponents() -> None:
    matrix = torch.triu(normal(5, 5), 1) + torch.diag(torch.arange(1.0, 6.0, dtype=F64))
    state = torch.zeros(2, 5, dtype=F64)
    first, second = (lyapunov_spectrum(LinearDynamics(matrix), state, 2, 20) for _ in range(2))
    assert torch.equal(first.exponents, second.exponents)
    other = torch.Generator().manual_seed(9)
    third = lyapunov_spectrum(LinearDynamics(matrix), state, 2, 20, generator=other, frame_warm_up=300)
    close(third.exponents, [math.log(5), math.log(4)])


def test_what_cannot_be_is_said() -> None:
    dynamics, state = LinearDynamics(torch.eye(2, dtype=F64)), torch.zeros(1, 2, dtype=F64)
    with pytest.raises(ValueError, match="count must be within 1 and 2"):
        lyapunov_spectrum(dynamics, state, 3, 10)
    with pytest.raises(ValueError, match="steps at least 1"):
        lyapunov_spectrum(dynamics, state, 1, 0)
    with pytest.raises(DynamicsError, match="float32"):
        lyapunov_spectrum(dynamics, state.float(), 1, 10)
