"""Half-level dampings over widths: on made-up curves of a known exponent, and from small runs to figures."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted
from tests.studies.mup_second_order.components import assert_every_component_of_a_control_is_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.mup_second_order.damping import experiment, figures, fit, plan
from widthscope.studies.mup_second_order.damping.claims import CLAIMS
from widthscope.studies.mup_second_order.damping.settings import Damping
from widthscope.work import Work

SMALL = Damping(
    train=100,
    widths=(16, 32),
    base=16,
    seeds=3,
    rival_seeds=3,
    batch=16,
    steps=5,
    outputs=(2**-8, 2**-4, 1.0, 4.0),
)
WIDTHS, SEEDS = (64, 128, 256), 12
DAMPINGS = 2.0 ** np.arange(-14, 15, 2)


def made_up(power: float, seed: int = 3) -> xr.Dataset:
    """Curves that rise half-way at damping ~ M^power."""
    widths = xr.DataArray(np.array(WIDTHS, dtype=float), dims="width", coords={"width": list(WIDTHS)})
    dampings = xr.DataArray(DAMPINGS, dims="damping", coords={"damping": DAMPINGS})
    noise = xr.DataArray(
        np.random.default_rng(seed).normal(0, 0.05, (len(WIDTHS), SEEDS)),
        dims=("width", "seed"),
        coords={"width": list(WIDTHS), "seed": range(SEEDS)},
    )
    half = (widths / 64) ** power * 2**noise
    losses = 0.1 + 0.3 / (1 + half / dampings)
    return xr.Dataset(
        {
            "train_loss": losses.expand_dims({"lr": [1.0], "step": [30]}),
            "done": xr.ones_like(losses, dtype=bool).expand_dims(lr=[1.0]),
        }
    )


def losses(table: xr.Dataset) -> xr.DataArray:
    return table["train_loss"].isel(lr=0, step=-1)


def tree_of(outputs: float, inputs: float, rivals: float = 0.0) -> xr.DataTree:
    powers = {"outputs": outputs, "outputs-standard": rivals, "inputs": inputs, "inputs-first": rivals}
    tables = {node: made_up(power, seed) for seed, (node, power) in enumerate(powers.items())}
    shards = {
        f"damping-n{width}": xr.DataTree.from_dict(
            {f"/{node}": table.sel(width=[width]) for node, table in tables.items()}
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
    assert_every_component_of_a_control_is_refuted(CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert "nan" not in drawings["damping-half-level"].caption


def test_dampings_that_stay_refute_the_claims():
    tree = tree_of(0.0, 0.0)
    assert abs(estimate(tree, "b")) < 0.05
    verdicts = judge("mup_second_order", "2312.12226", CLAIMS, tree)
    assert {verdict.tests[0].verdict for verdict in verdicts} == {"refuted"}


def test_a_rival_with_the_claims_exponent_leaves_it_open():
    """The control has data of its own, and can fail."""
    verdicts = judge("mup_second_order", "2312.12226", CLAIMS, tree_of(-1.0, 1.0, rivals=-1.0))
    by_claim = {verdict.id.rpartition("-")[2]: verdict.verdict for verdict in verdicts}
    assert by_claim == {"b": "undecided", "a": "supported"}


def test_a_loss_that_still_falls_at_the_end_of_the_list_is_not_measured():
    """Half-way from such a loss would depend on where the list ends."""
    assert np.isnan(fit.levels(losses(made_up(0.0).isel(damping=slice(7, None)))).values).all()
    assert np.isfinite(fit.levels(losses(made_up(0.0))).values).all()


def test_members_that_diverged_at_all_but_the_largest_damping_are_not_measured():
    values = np.full((4, 1, 2), np.inf)
    values[3] = 1.0
    values[:, 0, 1] = (0.1, 0.1, 1.0, 1.0)
    coords = {"damping": 2.0 ** np.arange(4), "width": [64], "seed": [0, 1]}
    found = fit.levels(xr.DataArray(values, dims=("damping", "width", "seed"), coords=coords))
    assert found.isnull().sel(width=64).values.tolist() == [True, False]


def test_a_curve_without_a_plateau_is_not_measured():
    short = losses(made_up(-1.0).isel(damping=slice(None, 8)))
    tests = fit.side_tests({"outputs": short, "outputs-standard": short}, "outputs", "outputs-standard", -1.0)
    assert np.isnan(tests["exponent"][0]["estimate"].values).all()


def test_a_rival_of_each_factor_trains_what_its_exponent_does_not_hold_for():
    assert experiment.ARMS["outputs-standard"].exponents.readout == 0.5
    assert experiment.ARMS["outputs"].exponents.readout == 1.0
    first, upper = (experiment.ARMS[node] for node in ("inputs-first", "inputs"))
    assert [upper.rate_factor(layer, 3, 32, 16) for layer in (1, 2, 3)] == [0, 1, 1]
    assert [first.rate_factor(layer, 3, 32, 16) for layer in (1, 2, 3)] == [1, 0, 0]


def test_a_small_run_goes_all_the_way(small_digits):
    (shard,) = plan.shards(SMALL, seed=5)
    stored = {shard.name: experiment.run(shard.settings, {"digits": small_digits}, Work())}
    for side, factor in (("outputs", "rho_B_eff"), ("inputs", "rho_A_eff")):
        listed = np.array(getattr(SMALL, side))
        for node in (side, fit.SIDES[side][1]):
            table = stored["damping"][node].to_dataset()
            assert not table["diverged"].any()
            assert np.allclose(table[factor].transpose("width", "layer", "damping"), listed)
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert len(judge("mup_second_order", "2312.12226", CLAIMS, tree)) == 2
    assert figures.draw(tree)


def test_widths_that_take_long_have_shards_of_their_own():
    shards = plan.shards(Damping(), 0)
    assert [shard.name for shard in shards] == ["damping-n64", "damping-n128", "damping-n256"]
    more = plan.shards(Damping(widths=(64, 128, 256, 512)), 0)
    assert [shard.settings for shard in more[:3]] == [shard.settings for shard in shards]


@pytest.mark.parametrize(
    "wrong",
    [{"widths": [64]}, {"outputs": [1.0, 0.5, 0.25, 0.125]}, {"rival_seeds": 1}, {"inputs": [1.0, 2.0]}],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="damping"):
        load({"run": "a", "studies": {"mup_second_order": {"damping": wrong}}}, "config.yaml")
