"""Diagonal linear networks of the study: what is stored, the verdicts, and what wrong settings meet."""

from typing import Any

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls
from tests.studies.stored import results_of

from widthscope.content import flatten
from widthscope.diagonal_networks.interpolation import interpolating_solution
from widthscope.statistics.claims import judge
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.gradient_regularization.diagonal import experiment, figures, fit, flows, plan
from widthscope.studies.gradient_regularization.diagonal.claims import CLAIMS
from widthscope.studies.gradient_regularization.diagonal.settings import Diagonal

SETTINGS = Diagonal(
    examples=15,
    features=30,
    support=2,
    mean=2.0,
    scale=0.15,
    larger_scale=0.4,
    ascents=(-0.1, -0.02, 0.0, 0.1),
    predicted=(0.0,),
    seeds=6,
    centred_seeds=6,
    larger_seeds=3,
    tolerance=1e-4,
    loss=1e-5,
    verified={"seeds": 3, "tolerance": 1e-7, "loss": 1e-9},
    descent={"seeds": 4, "steps": 60},
    flooding={"seeds": 3, "steps": 250},
)


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    return results_of(plan.shards(SETTINGS, seed=101), experiment.run)


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_small_runs_are_one_job_and_long_ones_are_parted_by_seeds() -> None:
    assert [shard.name for shard in plan.shards(SETTINGS, 0)] == ["diagonal"]
    longer = Diagonal(
        examples=100, features=200, support=10, seeds=400, tolerance=1e-8, descent={"rate": 0.005}
    )
    long = plan.shards(longer, 0)
    flowing = [shard for shard in long if shard.name.startswith("diagonal-uncentred-from")]
    seeds = [seed for shard in flowing for seed in shard.settings["experiments"][0]["seeds"]]
    assert seeds == list(range(400))
    assert len(flowing) > 1
    assert all(shard.cost.seconds < 1.5 * SHARD_SECONDS for shard in flowing)


def test_seeds_in_parts_are_what_they_are_together(stored: dict[str, xr.DataTree]) -> None:
    whole = stored["diagonal"]["uncentred"].to_dataset()
    (shard,) = plan.shards(SETTINGS, seed=101)
    each = shard.settings["experiments"][0]
    parts = {
        f"diagonal-uncentred-from{part[0]}": xr.DataTree.from_dict(
            {"/uncentred": flows.explore(shard.settings["problem"], {**each, "seeds": part}, 101)}
        )
        for part in ([3, 4, 5], [0, 1, 2])
    }
    xr.testing.assert_identical(fit.joined(parts, "uncentred"), whole)


def test_flows_arrive_and_the_plain_one_is_the_solution_of_the_even_scale(
    stored: dict[str, xr.DataTree],
) -> None:
    found = stored["diagonal"]["uncentred"].to_dataset()
    assert (found["loss"] < SETTINGS.loss).all()
    (shard,) = plan.shards(SETTINGS, seed=101)
    data = flows.regression(shard.settings["problem"], SETTINGS.mean, 101, [4])
    even = np.full(SETTINGS.features, np.log(SETTINGS.scale))
    plain = interpolating_solution(data.inputs[0], data.outputs[0], even)
    assert found["plain_error"].sel(seed=4).item() == pytest.approx(((plain - data.target) ** 2).sum())
    np.testing.assert_allclose(found["output_mean"].sel(seed=4), data.outputs.mean())


def test_an_even_shift_has_the_mean_of_the_shift_found(stored: dict[str, xr.DataTree]) -> None:
    """After double backpropagation and after flooding, centred inputs."""
    (shard,) = plan.shards(SETTINGS, seed=101)
    data = flows.regression(shard.settings["problem"], 0.0, 101, [2])
    inputs, outputs, start = data.inputs[0], data.outputs[0], np.log(SETTINGS.scale)
    found, flooded = (
        stored["diagonal"][name].to_dataset().sel(seed=2) for name in ("centred", "flooded-centred")
    )
    even = np.full(SETTINGS.features, start + float(found["log_shift"].sel(ascent=0.0).mean()))
    solution = interpolating_solution(inputs, outputs, even)
    assert found["even_error"].item() == pytest.approx(((solution - data.target) ** 2).sum())
    assert found["even_error"].item() != pytest.approx(found["test_error"].sel(ascent=0.0).item(), rel=1e-3)
    even = np.full(SETTINGS.features, start + float(flooded["log_shift"].mean()))
    solution = interpolating_solution(inputs, outputs, even)  # the offset is small
    assert flooded["even_error"].item() == pytest.approx(((solution - data.target) ** 2).sum(), rel=0.02)


def test_a_flow_that_does_not_arrive_is_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too short a flow leaves NaN, which is judged as missing."""
    (shard,) = plan.shards(SETTINGS, seed=101)
    each = {**shard.settings["experiments"][0], "seeds": [0, 1], "ascents": [0.0]}
    whole = flows.flow
    monkeypatch.setattr(flows, "flow", lambda *args: whole(*args, most_steps=5))
    found = flows.explore(shard.settings["problem"], each, 101)
    assert np.isnan(found["log_shift"]).all()
    assert np.isnan(found["test_error"]).all()
    assert np.isfinite(found["plain_error"]).all()


def test_identities_hold_and_wrong_formulas_do_not(stored: dict[str, xr.DataTree]) -> None:
    found = {name: stored["diagonal"][name].to_dataset() for name in fit.EXPERIMENTS}
    for name in ("verified-uncentred", "verified-centred"):
        deviation = found[name]["deviation"]
        assert float(deviation.sel(formula="right").max()) < 1e-3
        assert float(deviation.sel(formula="wrong", ascent=0.1).min()) > 1e-3
        gap = found[name]["gap"]
        assert float(gap.sel(candidate="exact").max()) < 1e-3
        assert float(gap.sel(candidate=["initial", "mean", "permuted"]).min()) > 1e-3
    for name in ("descent", "flooded-uncentred", "flooded-centred"):
        deviation = found[name]["deviation"]
        assert float(deviation.sel(formula="right").max()) < 1e-12
        assert float(deviation.sel(formula="wrong").min()) > 1e-5


def test_flooding_keeps_the_loss_at_its_level(stored: dict[str, xr.DataTree]) -> None:
    loss = stored["diagonal"]["flooded-uncentred"]["loss"].values
    # Steps down shrink the mean's mode more than steps up let it grow, so that the others are left. Each step
    # crosses the level and changes the loss L by η|∇L|² at most, which is 2ηλL for a mode of rate λ.
    crossed = 2 * SETTINGS.flooding.rate * SETTINGS.centred_steepest()
    np.testing.assert_allclose(loss, SETTINGS.flooding.level, rtol=crossed)


def test_longer_ascents_lower_the_scale_and_long_backward_steps_raise_it(tree: xr.DataTree) -> None:
    verdicts = {verdict.id.split("/")[1]: verdict for verdict in judge("s", "2210.02720", CLAIMS, tree)}
    slopes = tree["/claims/dln-alpha-monotone/slope/measured"]["estimate"]
    assert (slopes < 0).all()
    assert float(tree["/claims/dln-backward-long-step/shift/measured"]["estimate"][0]) > 0
    assert verdicts["dln-product-law"].tests[1].verdict == "supported"
    assert verdicts["dln-product-law"].tests[1].control.verdict == "refuted"


def test_scalar_flow_predicts_the_shift_and_explains_the_spread_of_seeds(tree: xr.DataTree) -> None:
    own, population = (
        tree[f"/claims/dln-mean-field/{name}/measured"].to_dataset() for name in ("ratio", "population")
    )
    # The shift is quadratic in the outputs: their variance, 1, is left out beside their squared mean, μ²k.
    left_out = 1 / (SETTINGS.mean**2 * SETTINGS.support)
    np.testing.assert_allclose(own["estimate"], 1, atol=left_out)
    assert (own["standard_error"] < 0.5 * population["standard_error"]).all()


def test_every_judged_test_has_its_control(tree: xr.DataTree) -> None:
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_every_figure_of_a_claim_is_drawn(tree: xr.DataTree) -> None:
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)


def test_what_is_stored_can_be_read_everywhere(stored: dict[str, xr.DataTree], tree: xr.DataTree) -> None:
    for each in (*stored.values(), tree):
        flatten(each)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"examples": 100}, "must be fewer than the 100 features"),
        ({"support": 101}, "a support of 101 is more than the 100 features"),
        ({"larger_scale": 0.1}, "must be above scale 0.1"),
        ({"judged": 0.07}, r"must hold 0\.07"),
        ({"predicted": (0.03,)}, r"must hold 0\.03"),
        ({"ascents": (-0.1, 0.0, 0.1), "predicted": (0.0,)}, "between -0.1 and 0"),
        ({"flooding": {"rate": 0.2}}, r"flooding.rate 0\.2 must be below 0\.112"),
        ({"descent": {"rate": 0.1}}, r"descent.rate 0\.1 must be below"),
        ({"support": 100}, r"descent.rate 0\.01 must be below .* support 100, scale 0\.1, strength 0\.1"),
        ({"flooding": {"centred_rate": 50.0}}, r"flooding.centred_rate 50 must be below 1\.29"),
        ({"flooding": {"level": 1e6}}, r"level 1e\+06 must be below 0\.25"),
        ({"scale": 1e-9}, r"scale 1e-09 must be at least 0\.0001"),
        ({"ascents": (-10.0, *Diagonal().ascents)}, r"at most 2\.24 in size with support 5 .* not -10"),
        ({"ascents": (*Diagonal().ascents, 10.0)}, r"at most 2\.24 in size with support 5 .* not 10"),
        ({"verified": {"tolerance": 1e-3}}, r"tolerance 0\.001 must be at most 1e-07"),
        ({"verified": {"loss": 1e-4}}, r"loss 0\.0001 must be at most 1e-09"),
    ],
)
def test_settings_that_cannot_work_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Diagonal(**settings)
