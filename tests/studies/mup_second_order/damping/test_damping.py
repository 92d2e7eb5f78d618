"""Half-level dampings over widths: on made-up curves of a known exponent, and from small runs to figures."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.damping import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.damping.claims import CLAIMS
from widthscope.studies.mup_second_order.damping.settings import Damping
from widthscope.work import Work

SMALL = Damping(
    train=100, widths=(16, 32), base=16, seeds=3, batch=16, steps=5, outputs=(2**-8, 2**-4, 1.0, 4.0)
)
WIDTHS, SEEDS = (64, 128, 256), 12
DAMPINGS = 2.0 ** np.arange(-12, 13, 2)


def made_up(power: float, exponent: float) -> xr.Dataset:
    """Curves that rise half-way at damping ~ M^power, in units of M^exponent."""
    widths = xr.DataArray(np.array(WIDTHS, dtype=float), dims="width", coords={"width": list(WIDTHS)})
    dampings = xr.DataArray(DAMPINGS, dims="damping", coords={"damping": DAMPINGS})
    noise = xr.DataArray(
        np.random.default_rng(3).normal(0, 0.05, (len(WIDTHS), SEEDS)),
        dims=("width", "seed"),
        coords={"width": list(WIDTHS), "seed": range(SEEDS)},
    )
    units = (widths / 64) ** exponent
    half = (widths / 64) ** power * 2**noise
    losses = 0.1 + 0.3 / (1 + half / (dampings * units))
    grid = {"lr": [1.0], "step": [30]}
    effective = (dampings * units).expand_dims(layer=[1, 2, 3])
    return xr.Dataset(
        {
            "train_loss": losses.expand_dims(grid),
            "rho_A_eff": effective,
            "rho_B_eff": effective,
            "done": xr.ones_like(losses, dtype=bool).expand_dims(lr=[1.0]),
        }
    )


def tree_of(outputs: float, inputs: float) -> xr.DataTree:
    shards = {
        f"damping-n{width}": xr.DataTree.from_dict(
            {
                "/outputs": made_up(outputs, -1.0).sel(width=[width]),
                "/inputs": made_up(inputs, 1.0).sel(width=[width]),
            }
        )
        for width in WIDTHS
    }
    return xr.DataTree.from_dict(fit.fit(shards, {}))


def estimate(tree: xr.DataTree, letter: str, test: str = "exponent") -> float:
    table = tree[f"/claims/damping-exponent-{letter}/{test}/measured"].to_dataset()
    return float(table["estimate"].values[0])


def test_a_known_exponent_is_found_and_supported_and_its_control_refuted():
    tree = tree_of(-1.0, 1.0)
    for letter, exponent in (("b", -1.0), ("a", 1.0)):
        assert estimate(tree, letter) == pytest.approx(exponent, abs=0.03)
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted("mup_second_order", "2312.12226", CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert "nan" not in drawings["damping-half-level"].caption


def test_dampings_that_stay_refute_the_claims_though_the_list_follows_the_width():
    tree = tree_of(0.0, 0.0)
    assert abs(estimate(tree, "b")) < 0.05
    verdicts = judge("mup_second_order", "2312.12226", CLAIMS, tree)
    assert {verdict.tests[0].verdict for verdict in verdicts} == {"refuted"}


def test_one_range_of_dampings_leaves_out_what_some_width_did_not_see():
    table = made_up(-1.0, -1.0)
    losses = table["train_loss"].isel(lr=0, step=-1)
    factors = (table["rho_B_eff"] / table["damping"]).sel(layer=2).isel(damping=0)
    kept = fit.shared(losses, factors).notnull().isel(seed=0).sum("damping")
    assert kept.sel(width=[64, 128, 256]).values.tolist() == [13, 12, 12]


def test_a_loss_that_still_falls_at_the_end_of_the_list_is_not_measured():
    """Such a list would bring its own exponent into the half level."""
    table = made_up(0.0, -1.0).isel(damping=slice(6, None))
    losses = table["train_loss"].isel(lr=0, step=-1)
    assert np.isnan(fit.levels(losses).values).all()
    assert np.isfinite(fit.levels(made_up(0.0, -1.0)["train_loss"].isel(lr=0, step=-1)).values).all()


def test_a_curve_without_a_plateau_is_not_measured():
    table = made_up(-1.0, -1.0).isel(damping=slice(None, 7))
    losses = table["train_loss"].isel(lr=0, step=-1)
    factors = (table["rho_B_eff"] / table["damping"]).sel(layer=2).isel(damping=0)
    tests = fit.side_tests(losses, factors, -1.0)
    assert np.isnan(tests["exponent"][0]["estimate"].values).all()


def test_a_small_run_goes_all_the_way(small_digits):
    (shard,) = plan.shards(SMALL, seed=5)
    stored = {shard.name: experiment.run(shard.settings, {"digits": small_digits}, Work())}
    table = stored["damping"]["outputs"].to_dataset()
    assert not table["diverged"].any()
    effective = table["rho_B_eff"].sel(layer=2)
    assert np.allclose(effective.sel(width=32), effective.sel(width=16) / 2)
    inputs = stored["damping"]["inputs"].to_dataset()["rho_A_eff"].sel(width=32)
    assert np.allclose(inputs.sel(layer=2), 2 * inputs.sel(layer=1))
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert len(judge("mup_second_order", "2312.12226", CLAIMS, tree)) == 2
    assert figures.draw(tree)


def test_widths_that_take_long_have_shards_of_their_own():
    shards = plan.shards(Damping(), 0)
    assert [shard.name for shard in shards] == ["damping-n64", "damping-n128", "damping-n256"]
    more = plan.shards(Damping(widths=(64, 128, 256, 512)), 0)
    assert [shard.settings for shard in more[:3]] == [shard.settings for shard in shards]


@pytest.mark.parametrize(
    "wrong", [{"widths": [64]}, {"outputs": [1.0, 0.5, 0.25, 0.125]}, {"seeds": 1}, {"inputs": [1.0, 2.0]}]
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="damping"):
        load({"run": "a", "studies": {"mup_second_order": {"damping": wrong}}}, "config.yaml")
