"""Exponents of random layers against dense products; from small draws to a verdict and a figure."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.models.recurrence.update import update
from widthscope.spectra.dynamics import LinearDynamics
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.chaos import experiment, figures, fit, plan
from widthscope.studies.jacobian_dynamics.chaos.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.chaos.settings import Chaos
from widthscope.work import Work

SETTINGS = Chaos(gains=(1.0, 8.0), steps=100, followed=60)
TINY = {"width": 8, "heads": 2, "tokens": 3, "horizon": 5, "warm_up": 100, "steps": 100, "followed": 8}


@pytest.fixture(scope="module")
def stored():
    return {
        shard.name: xr.DataTree(experiment.run(shard.settings, {}, Work()))
        for shard in plan.shards(SETTINGS, seed=3)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_the_claim_holds_and_every_control_is_refuted(tree):
    (verdict,) = judge("jacobian_dynamics", "2505.19458", CLAIMS, tree)
    for test in verdict.tests:
        if test.control is not None:
            assert test.control.verdict == "refuted", (test.name, test.control.reason)
    assert verdict.verdict == "supported", verdict.reason


def test_every_judged_test_has_a_control(tree):
    for test in CLAIMS[0].judged:
        assert f"/claims/{CLAIMS[0].name}/{test.name}/control" in tree.groups


def test_an_iteration_that_does_not_converge_leaves_its_point_unmeasured(stored):
    table = stored["chaos"].to_dataset().copy(deep=True)
    table["converged"][0, 3] = False
    found = fit.tests(fit.joined({"chaos": xr.DataTree(table)}))
    estimates = found["finite-time"][0]["estimate"].values
    assert np.isnan(estimates[0])
    assert np.isfinite(estimates[1:]).all()
    assert np.isfinite(found["long-run"][0]["estimate"].values).all()


def test_near_states_part_and_meet_as_the_exponent_says(tree):
    pairs = tree["/claims/chaos-finite-vs-asymptotic/pairs/measured"].to_dataset()
    assert np.abs(pairs["estimate"] - pairs["prediction"]).max() < 0.06
    assert float(pairs["estimate"].sel(component="kappa=1, gain=8")) > 0.1


def test_finite_time_exponents_are_those_of_the_dense_product():
    table = experiment.run({**TINY, "seeds": 12, "seed": 1, "points": [[0.5, 2.0]]}, {}, Work())
    dynamics, state, _ = experiment._drawn([[0.5, 2.0]], {**TINY, "seeds": 12, "seed": 1}, "cpu")
    product = torch.eye(24, dtype=torch.float64).expand(12, 24, 24)
    for _ in range(5):
        product = dynamics.jacobian(state) @ product
        state = dynamics.step(state)
    expected = torch.linalg.matrix_norm(product, 2).log() / 5
    assert table["finite"].values[0] == pytest.approx(expected.numpy(), abs=1e-4)
    assert table["converged"].values.all()


def test_a_step_is_the_models_update_with_the_gain_in_its_queries():
    dynamics, state, _ = experiment._drawn([[0.5, 2.0]], {**TINY, "seeds": 2, "seed": 1}, "cpu")
    plain, _, _ = experiment._drawn([[0.0, 1.0]], {**TINY, "seeds": 2, "seed": 1}, "cpu")
    expected = update(
        experiment.RULE, dynamics.parameters, state.reshape(2, 1, 3, 8), dynamics.drive
    ).flatten(1)
    assert torch.equal(dynamics.step(state), expected)
    assert torch.allclose(dynamics.drive.norm(dim=-1), torch.full((2, 1, 3), 0.5 * 8**0.5).double())
    assert float(plain.drive.abs().max()) == 0
    ratio = dynamics.parameters["query"].std() / dynamics.parameters["key"].std()
    assert float(ratio) == pytest.approx(2.0, rel=0.2)


def test_distances_of_near_states_in_a_linear_map_are_powers():
    matrix = torch.diag(torch.tensor([1.5, 0.5], dtype=torch.float64))
    state = torch.ones(1, 2, dtype=torch.float64)
    nearby = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    found = experiment.followed(LinearDynamics(matrix), state, nearby, 20)
    assert found[0].numpy() == pytest.approx(np.arange(21) * np.log(1.5), abs=1e-5)


def test_each_point_may_be_a_shard_of_its_own(stored):
    whole = stored["chaos"].to_dataset()
    parts = {
        f"chaos-{place}": xr.DataTree(whole.isel(point=[place])) for place in range(whole.sizes["point"])
    }
    one, other = fit.fit(stored, {}), fit.fit(parts, {})
    assert set(one) == set(other)
    for path, table in one.items():
        xr.testing.assert_allclose(table, other[path])


def test_other_points_and_seeds_change_no_number():
    alone = experiment.run({**TINY, "seeds": 2, "seed": 1, "points": [[1.0, 2.0]]}, {}, Work())
    more = experiment.run({**TINY, "seeds": 3, "seed": 1, "points": [[0.0, 1.0], [1.0, 2.0]]}, {}, Work())
    for name in ("finite", "long_run", "late"):
        assert alone[name].values[0] == pytest.approx(more[name].values[1, :2], abs=1e-4), name


def test_the_plan_splits_what_costs_much():
    assert [shard.name for shard in plan.shards(Chaos(), 0)] == ["chaos"]
    assert len(plan.shards(Chaos(), 0)[0].settings["points"]) == 9
    large = Chaos(width=512, heads=8, tokens=81, gains=(1.0, 2.5), steps=1000)
    names = [shard.name for shard in plan.shards(large, 0)]
    assert names == [
        "chaos-kappa0-gain1",
        "chaos-kappa0-gain2.5",
        "chaos-kappa1-gain1",
        "chaos-kappa1-gain2.5",
        "chaos-kappa2-gain1",
    ]


def test_the_figure_tells_both_horizons(tree):
    drawing = figures.draw(tree)["chaos"]
    assert set(figures.draw(tree)) == {claim.figure for claim in CLAIMS}
    assert "nan" not in drawing.caption + drawing.alt
    measured = tree["/claims/chaos-finite-vs-asymptotic/chaos/measured"].to_dataset()["estimate"].values[0]
    assert f"{measured:.2f}" in drawing.caption


@pytest.mark.parametrize(
    "chaos",
    [{"gains": [1.0]}, {"gains": [2.0, 1.0]}, {"seeds": 4}, {"heads": 5}, {"warm_up": 10}, {"drive": 0.0}],
)
def test_what_makes_no_sense_is_refused(chaos):
    with pytest.raises(ConfigError, match=r"chaos"):
        load({"run": "a", "studies": {"jacobian_dynamics": {"chaos": chaos}}}, "config.yaml")


def test_a_strong_drive_must_be_stronger():
    with pytest.raises(ConfigError, match="strong_drive"):
        load(
            {"run": "a", "studies": {"jacobian_dynamics": {"chaos": {"drive": 2.0, "strong_drive": 1.0}}}},
            "config.yaml",
        )
