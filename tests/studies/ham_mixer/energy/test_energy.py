"""From random memories to the verdicts and figures on their energies."""

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.associative_memory.adiabatic import residual
from widthscope.associative_memory.rises import largest_rise
from widthscope.statistics.claims import judge
from widthscope.studies.ham_mixer.energy import experiments, figures, fit, plan
from widthscope.studies.ham_mixer.energy.claims import CLAIMS
from widthscope.studies.ham_mixer.energy.counterexample import SIZES
from widthscope.studies.ham_mixer.energy.settings import (
    Counterexample,
    Energy,
    Flow,
    Hidden,
    Identities,
    Sizes,
    Steps,
)
from widthscope.studies.ham_mixer.energy.systems import drawn
from widthscope.work import Work

SETTINGS = Energy(
    identities=Identities(states=4, points=501),
    flow=Flow(systems=48, steps=100, step=0.04),
    steps=Steps(systems=48, iterations=30, lengths=(0.1, 100.0)),
    counterexample=Counterexample(systems=40000, scales=(3.0,), lengths=(1.0, 100.0), iterations=5),
    hidden=Hidden(systems=48, scales=(0.3, 1.0), steps=60, step=0.04),
)


@pytest.fixture(scope="module")
def stored():
    return {
        shard.name: experiments.run(shard.settings, {}, Work()) for shard in plan.shards(SETTINGS, seed=7)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def table(stored, name):
    return fit.table_of(stored, name)


def test_only_controls_are_refuted_and_every_judged_test_has_one(tree):
    assert_only_controls_are_refuted("ham_mixer", "2406.12220", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_every_component_of_every_control_is_refuted(tree):
    for verdict in judge("ham_mixer", "2406.12220", CLAIMS, tree):
        for test in verdict.tests:
            if test.control is not None:
                count = len(test.control.components)
                assert test.control.reason.startswith(f"{count} of {count}"), (
                    verdict.id,
                    test.control.reason,
                )


def test_exact_statements_and_what_convexity_decides_are_supported(tree):
    found = {verdict.id: verdict.verdict for verdict in judge("h", "1", CLAIMS, tree)}
    for name in ("lagrangian-ln", "lagrangian-gelu", "hessian", "skip-decay", "gelu-discrete-counterexample"):
        assert found[f"h/{name}"] == "supported", name


def test_the_symmetric_energy_never_rises_and_the_asymmetric_one_does(stored):
    for name in ("flow", "steps"):
        rise = table(stored, name)["rise"]
        assert float(rise.sel(couplings="symmetric").max()) <= fit.TOLERANCE
        assert float((rise.sel(couplings="asymmetric") > fit.TOLERANCE).mean()) > 0.5


def test_stored_rises_are_those_of_the_systems_drawn_again(stored):
    steps = table(stored, "steps")
    own = SETTINGS.steps
    systems = drawn(own.sizes.model_dump(), own.systems, "steps", 7)
    path = residual(systems.memory("relu", "asymmetric"), systems.state, 0.1, own.iterations)
    wanted = largest_rise(path.energy).numpy()
    assert np.array_equal(steps["rise"].sel(unit="relu", couplings="asymmetric", length=0.1), wanted)


def test_shares_count_runs_by_hand_and_energies_that_are_not_finite(stored, tree):
    flow = table(stored, "flow")
    cell = flow["rise"].sel(unit="gelu", couplings="asymmetric", decay=1.0).values
    share = tree["/claims/energy-ode/asymmetric/measured"].to_dataset().sel(component="gelu, decay")
    assert float(share["estimate"]) == np.mean(cell > 1e-9)
    assert fit.risen(np.array([0.0, 1e-8, np.nan])).tolist() == [False, True, True]


def test_a_symmetric_run_that_rises_once_is_refuted(stored):
    flow = table(stored, "flow").copy(deep=True)
    flow["rise"].loc[{"couplings": "symmetric", "unit": "relu", "decay": 0.0, "system": 0}] = 1e-6
    measured, _ = fit.flow_tests(flow)["largest-rise"]
    assert float(measured["estimate"].max()) == pytest.approx(1e3)
    (rule,) = [test.rule for claim in CLAIMS for test in claim.tests if claim.name == "energy-ode"][1:2]
    assert rule.judge(measured, 0.99).verdict == "refuted"


def test_systems_share_couplings_between_cases_and_differ_between_seeds_and_purposes():
    sizes = Sizes().model_dump()
    first = drawn(sizes, 3, "flow", 0)
    assert first.memory("relu", "symmetric").token is not first.memory("relu", "asymmetric").token_back
    assert np.array_equal(first.token, drawn(sizes, 3, "flow", 0).token)
    for other in (drawn(sizes, 3, "steps", 0), drawn(sizes, 3, "flow", 1)):
        assert not np.isclose(first.token, other.token).any()
    scaled = first.memory("relu", "asymmetric", 0.5)
    assert np.allclose(scaled.token_back, 0.5 * first.token_back)


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_short_experiments_share_a_shard_and_long_ones_do_not():
    assert [shard.name for shard in plan.shards(Energy(flow=Flow(systems=2048)), 0)] == [
        "energy",
        "energy-flow",
    ]
    small = Energy(
        flow=Flow(systems=8, steps=5),
        steps=Steps(systems=8),
        counterexample=Counterexample(systems=100),
        hidden=Hidden(systems=8, steps=5),
    )
    (shard,) = plan.shards(small, 0)
    assert set(shard.settings) == set(plan.PARTS)


def test_the_smallest_memories_have_couplings_and_states_of_variance_one():
    sizes = {"tokens": 3, "channels": 2, "token_hidden": 1, "channel_hidden": 1}
    plain = drawn(sizes, 20000, "counterexample", 7, unit_variance=True, state_scale=1.0)
    scaled = drawn(sizes, 20000, "counterexample", 7)
    for name, factor in (("token", 3**-0.5), ("channel_back", 2**-0.5), ("state", 2.0)):
        assert float(getattr(plain, name).std()) == pytest.approx(1.0, abs=0.02)
        assert np.allclose(getattr(scaled, name), factor * getattr(plain, name))


def test_stored_counts_are_those_of_the_smallest_memories_drawn_again(stored):
    own, small = SETTINGS.counterexample, table(stored, "counterexample")
    systems = drawn(SIZES, own.systems, "counterexample", 7, unit_variance=True, state_scale=1.0)
    path = residual(systems.memory("gelu", "symmetric", 3.0), systems.state, 100.0, own.iterations)
    wanted = int((largest_rise(path.energy) > fit.TOLERANCE).sum())
    assert int(small["risen"].sel(unit="gelu", scale=3.0, length=100.0)) == wanted > 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Identities(decay=1.0), "less than 1"),
        (lambda: Identities(decay=0.9, steps=400), r"rescale the state by 10\^400; at most 10\^150"),
        (lambda: Sizes(tokens=1, channels=2), "1 tokens of 2 channels .* must be at least 3"),
        (lambda: Flow(step=100.0), "less than or equal to 1"),
        (lambda: Hidden(step=3.0), "less than or equal to 1"),
        (lambda: Hidden(tau=0.005), "a step of 0.04 is longer than the hidden layers' .* of 0.005"),
        (lambda: Steps(gain=1000.0), "less than or equal to 10"),
        (lambda: Steps(lengths=(1.0, 1e300)), "less than or equal to 1000000"),
        (lambda: Counterexample(scales=(1e200,)), "less than or equal to 1000"),
    ],
)
def test_settings_that_break_the_arithmetic_are_refused_when_they_are_read(make, message):
    with pytest.raises(ValidationError, match=message):
        make()


def test_the_longest_decay_that_is_accepted_can_be_computed():
    identities = Identities(decay=0.9, steps=150, states=2, points=101)
    found = experiments.run({"identities": {**identities.model_dump(), "seed": 7}}, {}, Work())
    assert np.isfinite(found["identities"]["skip"]).all()


def test_the_largest_steps_and_smallest_states_that_are_accepted_are_no_rises():
    smallest = Sizes(tokens=1, channels=3, token_hidden=4, channel_hidden=6)
    flow = Flow(sizes=smallest, systems=64, step=1.0, steps=60)
    steps = Steps(sizes=smallest, systems=64, lengths=(0.1, 1e6))
    hidden = Hidden(sizes=smallest, systems=64, tau=0.02, step=0.02, steps=60)
    own = {
        name: {**one.model_dump(), "seed": 7}
        for name, one in (("flow", flow), ("steps", steps), ("hidden", hidden))
    }
    found = experiments.run(own, {}, Work())
    convex = found["steps"]["rise"].sel(unit=["relu", "tanh"], couplings="symmetric")
    assert float(found["flow"]["rise"].sel(couplings="symmetric").max()) <= fit.TOLERANCE
    assert float(convex.max()) <= fit.TOLERANCE
    assert float(found["hidden"]["rise"].sel(unit="relu").max()) <= fit.TOLERANCE
