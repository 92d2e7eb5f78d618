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


def test_a_shard_that_forgets_everything_is_refused():
    with pytest.raises(ValidationError, match="less than 1"):
        Identities(decay=1.0)
