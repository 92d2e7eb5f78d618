"""Readouts that start at zero: theory against brute force, experiments, and from small runs to verdicts."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted
from tests.studies.mup_second_order.components import assert_every_component_of_a_control_is_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.models import mlp
from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.zero_init import (
    bias,
    dual,
    experiments,
    figures,
    fit,
    identity,
    plan,
    rate,
    theory,
)
from widthscope.studies.mup_second_order.zero_init.claims import CLAIMS
from widthscope.studies.mup_second_order.zero_init.settings import Bias, Dual, Identity, Rate, ZeroInit
from widthscope.work import Work

SETTINGS = ZeroInit(
    identity=Identity(widths=(32, 48), seeds=2, images=60, tests=30),
    rate=Rate(widths=(64, 256, 512), seeds=6, images=60, tests=60),
    bias=Bias(width=64, seeds=8, examples=40, tests=60, inputs=8, steps=8),
    dual=Dual(draws=2),
)


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture(scope="module")
def stored(small_digits):
    return {
        shard.name: experiments.run(shard.settings, {"digits": small_digits}, Work())
        for shard in plan.shards(SETTINGS, seed=3)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_the_arc_cosine_kernel_is_the_mean_over_wide_networks():
    x = drawn(5, 7)
    expected = theory.relu_kernel(x, 1.3, 2)
    draws = []
    for seed in range(40):
        generator = torch.Generator().manual_seed(seed)
        parameters = mlp.initial(generator, mlp.sizes(7, 1500, 1, 3), 1.3)
        a = mlp.forward({name: w[None] for name, w in parameters.items()}, x[None], "relu").inputs[-1][0]
        draws.append(a @ a.mT / 1500)
    assert torch.stack(draws).mean(0) == pytest.approx(expected, rel=0.02)
    assert expected.diagonal() == pytest.approx((1.3**2 / 2) ** 2 * x.square().mean(1), rel=1e-12)


def test_the_kernel_of_one_point_and_its_negative_is_that_of_disjoint_units():
    x = drawn(1, 4)
    kernel = theory.relu_kernel(torch.cat([x, -x, 2 * x]), 2**0.5, 1)
    length = x.square().mean()
    assert kernel[0] == pytest.approx(length * torch.tensor([1.0, 0.0, 2.0]), abs=1e-7)


def test_ridge_regression_is_that_of_the_features():
    a, y = drawn(9, 20), drawn(6, 2, seed=1)
    train = a[:6]
    weights = torch.linalg.solve(train.mT @ train + 0.3 * torch.eye(20, dtype=torch.float64), train.mT @ y)
    found = theory.ridge_regression(a @ a.mT, 6, y, torch.tensor(0.3, dtype=torch.float64))
    assert found == pytest.approx(a @ weights, abs=1e-12)


def test_one_step_is_the_regression_and_moves_no_feature(stored):
    table = stored["zero-init"]["identity"].to_dataset()
    assert table["deviation"].max() < 1e-12
    assert min(table["wrong_damping"].min(), table["wrong_labels"].min()) > 1e-3
    assert (table["moved"].sel(start="zeros") == 0).all()
    assert (table["moved_rms"].sel(start="random") > 0.1).all()


def test_training_from_zeros_moves_features_from_the_second_step_on(stored):
    table = stored["zero-init"]["bias"].to_dataset()
    assert (table["moved"] > 0).all()
    assert (table["loss"].sel(damping="small") < table["loss"].sel(damping="large")).all()


def test_seeds_and_widths_do_not_depend_on_their_company(small_digits):
    own = {**SETTINGS.rate.model_dump(mode="json"), "seed": 3}
    data = {"digits": small_digits}
    alone = rate.run({**own, "widths": [256], "seeds": 2}, data, Work())
    more = rate.run({**own, "widths": [64, 256], "seeds": 3}, data, Work())
    assert np.array_equal(alone["distance"][0], more["distance"][1, :2])
    own = {**SETTINGS.bias.model_dump(mode="json"), "seed": 3, "steps": 3}
    pair, four = (bias.run({**own, "seeds": seeds}, {}, Work()) for seeds in (3, 4))
    xr.testing.assert_allclose(pair, four.isel(seed=slice(3)), rtol=1e-9)
    own = {**SETTINGS.identity.model_dump(mode="json"), "seed": 3}
    one = identity.run({**own, "seeds": 1, "widths": [48]}, data, Work())
    assert one["moved_rms"].values == pytest.approx(
        identity.run(own, data, Work())["moved_rms"].sel(width=[48]).isel(member=slice(1)).values
    )


def test_ways_to_an_update_agree_and_a_wrong_damping_does_not():
    for powers in dual.EXPONENTS:
        for signals in dual.SIGNALS:
            right, wrong = dual.kfac_differences(1, 0, (6, 9, 7), powers, signals, 1e-2)
            assert right < 1e-12
            assert wrong > 1e-3
    right, wrong = dual.shampoo_differences(1, 0, (6, 9, 7), 0.25, 1e-2)
    assert right < 1e-12
    assert wrong > 1e-4


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted("mup_second_order", "2312.12226", CLAIMS, tree)
    assert_every_component_of_a_control_is_refuted(CLAIMS, tree)


def test_a_member_that_diverged_leaves_its_claim_open(stored):
    broken = {name: one.copy(deep=True) for name, one in stored.items()}
    broken["zero-init"]["bias"]["distance"][0, 0, 0] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdicts = {one.id: one for one in judge("mup_second_order", "2312.12226", CLAIMS, found)}
    assert verdicts["mup_second_order/zero-init-nngp-bias"].verdict == "undecided"


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_the_plan_shares_out_what_costs_much_and_the_fit_joins_it(stored):
    assert [shard.name for shard in plan.shards(ZeroInit(), 0)] == ["zero-init", "zero-init-bias"]
    large = ZeroInit(rate=Rate(widths=(256, 1024, 16384), seeds=40))
    assert [shard.name for shard in plan.shards(large, 0)] == [
        "zero-init",
        "zero-init-rate-n256",
        "zero-init-rate-n1024",
        "zero-init-rate-n16384",
        "zero-init-bias",
    ]
    whole = stored["zero-init"]
    parts = {"zero-init-bias": xr.DataTree.from_dict({"bias": whole["bias"].to_dataset()})}
    parts["zero-init"] = xr.DataTree.from_dict(
        {name: whole[name].to_dataset() for name in ("identity", "dual")}
    )
    for width in SETTINGS.rate.widths:
        one = whole["rate"].to_dataset().sel(width=[width])
        parts[f"zero-init-rate-n{width}"] = xr.DataTree.from_dict({"rate": one})
    for path, table in fit.fit(parts, {}).items():
        xr.testing.assert_allclose(table, fit.fit(stored, {})[path])


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": {"widths": [64, 128, 256]}},
        {"rate": {"seeds": 1}},
        {"bias": {"small": 0.0}},
        {"identity": {"images": 2000}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="zero_init"):
        load({"run": "a", "studies": {"mup_second_order": {"zero_init": wrong}}}, "config.yaml")
