"""The experiments on laws of width against dense linear algebra; from small draws to verdicts and figures."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.attention.jacobians.self_attention import attention_jacobian
from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.jacobian_dynamics.width import (
    experiments,
    figures,
    fit,
    norm_growth,
    plan,
    radial,
    radius,
)
from widthscope.studies.jacobian_dynamics.width.claims import CLAIMS
from widthscope.studies.jacobian_dynamics.width.draws import ALONE, draw, stepped
from widthscope.studies.jacobian_dynamics.width.settings import NormGrowth, RadialLaw, Radius, WidthLaws
from widthscope.work import Work

SETTINGS = WidthLaws(
    radial=RadialLaw(widths=(32, 64, 128), seeds=20),
    radius=Radius(widths=(32, 64, 128), step_sizes=(1.0, 2.0), seeds=12, cloud_width=32),
    norm=NormGrowth(widths=(32, 64, 256), heads=(1, 4), seeds=12),
)


@pytest.fixture(scope="module")
def stored():
    return {
        shard.name: experiments.run(shard.settings, {}, Work()) for shard in plan.shards(SETTINGS, seed=3)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_every_control_is_refuted_and_nothing_else_is(tree):
    assert_only_controls_are_refuted("jacobian_dynamics", "2505.19458", CLAIMS, tree)


def test_every_judged_test_has_a_control(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_figures_are_drawn_for_every_claim(tree):
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
    slope = tree["/claims/width-radial-law/slope/measured"].to_dataset()["estimate"].values[0]
    assert f"${slope:.2f}$" in drawings["radial-law"].caption


def test_distances_of_the_notes(stored):
    found = stored["width-laws"]["radial"].to_dataset()["distance"].mean("member")
    for width, distance in ((32, 0.137), (64, 0.088), (128, 0.053)):  # from 4 seeds
        assert float(found.sel(width=width, law="law")) == pytest.approx(distance, abs=0.02)
    assert float(found.sel(width=64, law="area")) == pytest.approx(0.31, abs=0.02)


def test_radii_are_those_of_dense_matrices():
    settings = {"widths": [32], "tokens": 3, "heads": 4, "step_sizes": [2.0], "seeds": 2, "seed": 5}
    table = radius.run({**settings, "cloud_width": 16}, {}, Work())
    drawn = draw([("width.radius", 5, 32, member) for member in range(2)], 32, 4, 3)
    assert table["converged"].values.tolist() == [1]
    dynamics, state = stepped(drawn, "unit", 2.0)
    expected = {
        "update": dynamics.jacobian(state),
        "attention": attention_jacobian(ALONE, drawn.parameters, drawn.tokens("unit"))[:, 0],
        "rms_attention": attention_jacobian(ALONE, drawn.parameters, drawn.tokens("rms"))[:, 0],
        "product": drawn.products(),
    }
    for name, matrices in expected.items():
        largest = torch.linalg.eigvals(matrices).abs().amax(-1)
        assert table[name].values.ravel() == pytest.approx(largest.numpy(), rel=1e-4), name


def test_norms_are_those_of_dense_matrices():
    table = norm_growth.run({"widths": [32], "heads": [1, 4], "tokens": 3, "seeds": 3, "seed": 5}, {}, Work())
    for count in (1, 4):
        drawn = draw([("width.norm", 5, count, 32, member) for member in range(3)], 32, count, 3)
        for norm in ("rms", "unit"):
            J = attention_jacobian(ALONE, drawn.parameters, drawn.tokens(norm))[:, 0]
            found = table["norm_of_jacobian"].sel(heads=count, width=32, norm=norm)
            assert found.values == pytest.approx(torch.linalg.matrix_norm(J, 2).numpy(), rel=1e-4)


def test_members_that_are_held_one_by_one_are_the_same(monkeypatch):
    settings = {"widths": [32], "heads": [1], "tokens": 3, "seeds": 3, "seed": 5}
    together = norm_growth.run(settings, {}, Work())
    monkeypatch.setattr(norm_growth, "ELEMENTS", 1)
    alone = norm_growth.run(settings, {}, Work())
    assert np.allclose(together["norm_of_jacobian"], alone["norm_of_jacobian"], rtol=1e-5)
    assert np.allclose(together["sharpness"], alone["sharpness"], rtol=1e-12)


def test_moduli_are_of_the_product_of_all_heads_and_seeds_are_named():
    alone = radial.run({"widths": [64], "seeds": 2, "seed": 3}, {}, Work())
    more = radial.run({"widths": [32, 64], "seeds": 3, "seed": 3}, {}, Work())
    assert np.array_equal(alone["distance"][0], more["distance"][1, :2])
    assert alone["share"].isel(radius=-1).values == pytest.approx([1], abs=0.05)


def test_the_leading_order_is_judged_where_heads_are_large(tree):
    names = tree["/claims/width-norm-sqrtd/ratio/measured"]["component"].values.tolist()
    assert names == ["H=1"]  # four heads of 64 are short of it
    right, wrong = (tree[f"/claims/width-norm-sqrtd/ratio/{kind}"] for kind in ("measured", "control"))
    assert wrong["component"].values.tolist() == names
    assert wrong["estimate"].values == pytest.approx(2**0.5 * right["estimate"].values)


def test_an_iteration_that_does_not_converge_leaves_the_seed_unmeasured(stored):
    broken = {name: tree.copy(deep=True) for name, tree in stored.items()}
    table = broken["width-laws"]["radius"]
    table["update"][-1, 0, 0] = np.nan
    found = xr.DataTree.from_dict(fit.fit(broken, {}))
    verdict = next(
        one for one in judge("jacobian_dynamics", "2505.19458", CLAIMS, found) if "radius" in one.id
    )
    assert verdict.tests[0].verdict == "undecided"


def test_the_plan_shares_out_what_costs_much_and_the_fit_joins_it():
    assert [shard.name for shard in plan.shards(WidthLaws(), 0)] == ["width-laws"]
    large = WidthLaws(norm=NormGrowth(widths=(1024, 2048, 4096), heads=(1, 8), seeds=60))
    shards = plan.shards(large, 0)
    assert [shard.name for shard in shards] == [
        "width-laws-radial",
        "width-laws-radius",
        "width-laws-norm-n1024",
        "width-laws-norm-n2048",
        "width-laws-norm-n4096",
    ]
    assert [shard.settings["norm"]["widths"] for shard in shards[2:]] == [[1024], [2048], [4096]]


def test_tables_of_single_widths_join_to_the_whole(stored):
    whole = stored["width-laws"]
    parts = {
        f"width-laws-{name}-n{width}": xr.DataTree.from_dict({name: node.to_dataset().sel(width=[width])})
        for name, node in whole.children.items()
        for width in node["width"].values
    }
    one = fit.fit(stored, {})
    other = fit.fit(parts, {})
    assert set(one) == set(other)
    for path, table in one.items():
        xr.testing.assert_allclose(table, other[path])


@pytest.mark.parametrize(
    "width",
    [
        {"radial": {"widths": [32, 65, 128]}},
        {"radial": {"widths": [16, 32, 64]}},
        {"radial": {"seeds": 4}},
        {"radius": {"heads": 3}},
        {"norm": {"heads": [1, 5]}},
        {"norm": {"widths": [64, 32, 128]}},
        {"radius": {"step_sizes": [1.0, 0.5]}},
    ],
)
def test_what_makes_no_sense_is_refused(width):
    with pytest.raises(ConfigError, match=r"width"):
        load({"run": "a", "studies": {"jacobian_dynamics": {"width": width}}}, "config.yaml")
