"""The draws meet their conditions; climbing finds the rises that random states miss; steps do as computed."""

import numpy as np
import pytest
import torch

from widthscope.attention.energies import attention_flow, log_energy, on_tangents
from widthscope.progress import quiet
from widthscope.studies.jacobian_dynamics.energy import counter_examples, flows, steps
from widthscope.studies.jacobian_dynamics.energy.settings import CounterExamples, Flows, Steps
from widthscope.studies.jacobian_dynamics.energy.weights import (
    CONDITIONS,
    gaussian,
    orthonormal_blocks,
    symmetric_part,
    unit_tokens,
)

SETTINGS = {
    **Flows(
        draws=6, width=4, heads=2, heads_width=8, tokens=4, states=3, climb=5, betas=(1.0, 16.0)
    ).model_dump(),
    "seed": 7,
}


def test_more_draws_leave_the_first_ones_as_they_were():
    more = {**SETTINGS, "draws": 8}
    torch.testing.assert_close(gaussian(more, "score", 4)[:6], gaussian(SETTINGS, "score", 4))
    torch.testing.assert_close(unit_tokens(more, "states", 4, 3)[:6], unit_tokens(SETTINGS, "states", 4, 3))


def test_free_values_are_asymmetric_and_meet_the_condition():
    flow = CONDITIONS["free value"](SETTINGS)
    product = symmetric_part(flow.score @ flow.value.mT)
    assert torch.linalg.eigvalsh(product).min() > -1e-12
    assert (flow.value - flow.value.mT).norm(dim=(-2, -1)).min() > 0.1
    torch.testing.assert_close(flow.score, flow.score.mT)


def test_heads_are_orthogonal_or_overlap():
    orthogonal, overlapping = (
        CONDITIONS[f"{kind} heads"](SETTINGS).score for kind in ("orthogonal", "overlapping")
    )
    assert (orthogonal[:, 0] @ orthogonal[:, 1]).abs().max() < 1e-12
    torch.testing.assert_close(overlapping[:, 1], -2 * orthogonal[:, 0])


def test_blocks_are_orthonormal_together_and_their_value_is_the_symmetric_part():
    first, second = orthonormal_blocks(SETTINGS)
    frame = torch.cat([first, second], dim=-1).transpose(1, 2).reshape(6, 8, 8)
    torch.testing.assert_close(frame.mT @ frame, torch.eye(8, dtype=torch.float64).expand(6, 8, 8))
    flow = CONDITIONS["blocks"](SETTINGS)
    torch.testing.assert_close(flow.value, symmetric_part(flow.score))
    assert not flow.projected


@pytest.mark.parametrize("name", CONDITIONS)
def test_autograd_agrees_with_the_exact_rate(name):
    flow = CONDITIONS[name](SETTINGS)
    states = unit_tokens(SETTINGS, "states", flow.score.shape[-1], 3)
    rate = flows._rate(flow, 4.0, states)
    found = flows.autograd_rate(flow, 4.0, states)
    torch.testing.assert_close(rate.relative, found, rtol=1e-9, atol=1e-11)


def test_climbing_finds_what_random_states_miss_and_nothing_where_energy_falls():
    settings = {**SETTINGS, "draws": 12, "width": 8, "tokens": 8}
    starts, states = (unit_tokens(settings, name, 8, count) for name, count in (("starts", 1), ("states", 3)))
    asymmetric, matched = CONDITIONS["asymmetric"](settings), CONDITIONS["matched"](settings)
    at_random = flows._rate(asymmetric, 1.0, states).balance.amax(1)
    assert (at_random > flows.ROUNDING).sum() == 0
    assert (flows.climbed(asymmetric, 1.0, starts, 30) > flows.ROUNDING).sum() >= 6
    assert (flows.climbed(matched, 1.0, starts, 30) > flows.ROUNDING).sum() == 0


def test_a_climb_never_ends_below_its_start():
    flow = CONDITIONS["asymmetric"](SETTINGS)
    starts = unit_tokens(SETTINGS, "starts", 4, 1)
    assert bool((flows.climbed(flow, 1.0, starts, 8) >= flows._rate(flow, 1.0, starts).balance.amax(1)).all())


def test_a_step_is_the_flow_taken_back_to_the_sphere():
    A = symmetric_part(gaussian(SETTINGS, "score", 4))
    state = unit_tokens(SETTINGS, "states", 4, 1)
    size = torch.full((6,), 0.3, dtype=torch.float64)
    logs = steps.energies(A, 2.0, state, size, 2, projected=True)
    for _ in range(2):
        moved = state + 0.3 * on_tangents(state, attention_flow(A, A, 2.0, state))
        state = moved / moved.norm(dim=-1, keepdim=True)
    torch.testing.assert_close(logs[-1], log_energy(A, 2.0, state)[:, 0])
    assert logs.shape == (3, 6)


def test_rises_are_falls_of_the_logarithm_beyond_rounding():
    logs = torch.tensor([[0.0, 5.0], [1.0, 5.0 - 1e-13], [0.5, 4.0]], dtype=torch.float64)
    np.testing.assert_allclose(steps.share_of_rises(logs), [0.5, 0.5])


def test_tables_have_a_number_for_every_draw():
    table = flows.table(SETTINGS, quiet)
    assert table["largest"].dims == ("condition", "beta", "draw")
    assert np.isfinite(table["largest"]).all()
    assert np.all(table["largest"] <= 1)
    assert float(table["autograd_error"].max()) < 1e-12
    both = counter_examples.table({**SETTINGS, **CounterExamples(skews=4, angles=3).model_dump()}, quiet)
    rises = both["pair_balance"] > 0
    assert bool((rises == (both["skew"] > both["critical_skew"])).all())
    np.testing.assert_allclose(both["measured_threshold"], both["threshold"], rtol=1e-3)
    run = {**Steps(draws=4, width=4, tokens=4, iterations=8, betas=(2.0,)).model_dump(), "seed": 7}
    small = steps.table(run, quiet)
    assert small["rises"].shape == (5, 1, 4)
    assert small["trace"].isel(iteration=0).values.tolist() == [[0.0], [0.0]]
    assert np.all(small["limit"] > 0)
