"""The theory against exact posteriors: from small runs to evidence, from made tables to verdicts."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.config import load
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.attention_paths.exact import experiment, figures, fit, plan
from widthscope.studies.attention_paths.exact.candidates import CANDIDATES
from widthscope.studies.attention_paths.exact.claims import CLAIMS
from widthscope.studies.attention_paths.exact.settings import Exact, HiddenChains, Scaling, Shapes
from widthscope.work import Work

STUDY = ("attention_paths", "2405.15926")
SMALL = Exact(
    draws=256,
    scrambles=3,
    scaling=Scaling(widths=(8, 16, 24), seeds=3, tests=30),
    shapes=Shapes(scales=(1, 2, 3), deep_widths=(24, 28, 32), seeds=3, tests=30),
    chains=HiddenChains(widths=(10, 30, 100), seeds=3, examples=20, tests=30, tokens=6, features=20),
)
EXPONENTS = {"theory": -1.0, "gaussian process": 0.0, "another width": 0.1, "transposed paths": 0.0}


@pytest.fixture(scope="module")
def stored():
    return {shard.name: experiment.run(shard.settings, {}, Work()) for shard in plan.shards(SMALL, 101)}


def made(seeds: int = 16, exponents: dict[str, float] = EXPONENTS) -> dict[str, xr.DataTree]:
    """Tables as of a run at full size whose deviations are powers of the width with scatter."""
    random = np.random.default_rng(3)
    shards = {}
    for shard in plan.shards(Exact(), 0):
        tables = {}
        for case in shard.settings["cases"]:
            widths = np.array([size["width"] for size in case["sizes"]], dtype=float)
            shape = (seeds, len(widths), len(CANDIDATES))
            rows = np.array([[0.3 if name != "theory" else 0.03, exponents[name]] for name in CANDIDATES])
            if case["name"].startswith("chains"):  # the examples stay, so U and the process get nearer
                rows[1] = (0.4, -0.5)
                rows[2] = (0.03, 1.5)
            powers = rows[:, 0] * (widths[:, None] / widths[0]) ** rows[:, 1]
            squared = (powers * np.exp(0.2 * random.normal(size=shape))) ** 2
            if not case["transposed"]:
                squared[..., CANDIDATES.index("transposed paths")] = np.nan
            by_candidate = ("seed", "width", "candidate")
            plain = (("seed", "width"), np.full(shape[:2], 0.001))
            tables[case["name"]] = xr.Dataset(
                dict.fromkeys(("mean", "matrix", "variance"), (by_candidate, squared))
                | {"accuracy": (by_candidate, np.full(shape, 0.9))}
                | dict.fromkeys(("mean_error", "matrix_error", "effective", "exact_accuracy"), plain),
                coords={
                    "seed": range(seeds),
                    "width": widths.astype(int),
                    "candidate": list(CANDIDATES),
                },
            )
        shards[shard.name] = xr.DataTree.from_dict(tables)
    return shards


def verdicts(shards: dict[str, xr.DataTree]) -> dict[str, str]:
    tree = xr.DataTree.from_dict(fit.fit(shards, {}))
    return {one.id.split("/")[1]: one.verdict for one in judge(*STUDY, CLAIMS, tree)}


def test_a_small_run_measures_all_cases_and_the_theory_is_nearest(stored):
    tables = fit.joined(stored)
    assert set(tables) == {"paths-1", "paths-2", "unequal", "deep", "chains-2", "chains-4"}
    for table in tables.values():
        assert (table["effective"] > 0.05).all()
        errors = table["mean"].mean("seed")
        assert (errors.sel(candidate="theory") < errors.sel(candidate="gaussian process")).all()
    assert fit.measured(tables["paths-2"], "transposed paths")
    assert not fit.measured(tables["paths-1"], "transposed paths")


def test_a_small_run_leads_to_evidence_and_figures(stored):
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    judge(*STUDY, CLAIMS, tree)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
        assert drawing.caption.startswith("Relative deviation from the exact posterior ")
    labels = [axes.get_xlabel() for axes in drawings["exact-shapes"].figure.axes]
    assert labels == ["factor $k$ of all widths", "width $N$"] * 2


def test_data_sets_and_sizes_do_not_depend_on_their_company(stored):
    (shard,) = plan.shards(SMALL, 101)
    case = next(one for one in shard.settings["cases"] if one["name"] == "chains-4")
    alone = {**case, "seeds": 2, "sizes": case["sizes"][1:2]}
    found = experiment.table(alone, [experiment.of_seed(alone, 101, seed) for seed in range(2)])
    whole = stored[shard.name]["chains-4"].to_dataset()
    xr.testing.assert_allclose(found, whole.isel(seed=slice(2), width=slice(1, 2)), rtol=1e-6)


def test_some_data_sets_of_a_case_are_those_of_the_whole(stored):
    (shard,) = plan.shards(SMALL, 101)
    case = next(one for one in shard.settings["cases"] if one["name"] == "paths-1")
    part = {**case, "first_seed": 1, "seeds": 2, "sizes": case["sizes"][:1]}
    found = experiment.run({"cases": [part], "seed": 101}, {}, Work())["paths-1"].to_dataset()
    whole = stored[shard.name]["paths-1"].to_dataset()
    xr.testing.assert_allclose(found, whole.isel(seed=slice(1, 3), width=[0]), rtol=1e-6)


def test_powers_of_the_width_are_told_apart_and_every_control_is_refuted():
    tree = xr.DataTree.from_dict(fit.fit(made(), {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted(*STUDY, CLAIMS, tree)
    assert set(verdicts(made()).values()) == {"supported"}


def test_a_theory_that_does_not_get_nearer_is_refuted():
    found = verdicts(made(exponents={**EXPONENTS, "theory": 0.0}))
    assert found["finite-width-exact"] == "refuted"
    assert found["general-shapes"] == "refuted"
    assert found["control-path-order"] == "undecided"  # its control, the right order, is not refuted


def test_a_transposed_index_that_did_no_harm_would_refute_the_control():
    assert (
        verdicts(made(exponents={**EXPONENTS, "transposed paths": -1.0}))["control-path-order"] == "refuted"
    )


@pytest.mark.parametrize("wrong", [np.nan, -1e-6])
def test_what_was_not_measured_or_drowns_in_noise_leaves_its_claim_open(wrong):
    shards = made()
    for tree in shards.values():
        for node in tree.children.values():
            node["mean"][2, -1, 0] = wrong
    found = verdicts(shards)
    assert [found[name] for name in ("finite-width-exact", "general-shapes", "hmm-theory-exact")] == [
        "undecided"
    ] * 3


def test_the_plan_shares_out_what_costs_much_and_the_fit_joins_it(stored):
    assert [shard.name for shard in plan.shards(SMALL, 0)] == ["exact"]
    assert [shard.name for shard in plan.shards(Exact(), 0)] == [
        "exact-scaling",
        "exact-shapes",
        "exact-chains",
    ]
    large = plan.shards(Exact(scaling=Scaling(widths=(64, 512, 2048), layers=(2,), seeds=20)), 0)
    assert large[0].name == "exact-paths-2-n64"
    for width in (512, 2048):
        parts = [shard for shard in large if f"n{width}-s" in shard.name]
        cases = [shard.settings["cases"][0] for shard in parts]
        assert [seed for case in cases for seed in experiment.seeds_of(case)] == list(range(20))
        assert [part.name for part in parts] == [
            f"exact-paths-2-n{width}-s{case['first_seed']}" for case in cases
        ]
        for part, case in zip(parts, cases, strict=True):
            assert part.cost.seconds < 610 or case["seeds"] == 1
    (whole,) = stored.values()
    parts = {
        f"exact-{name}-n{int(width)}": xr.DataTree.from_dict({name: node.to_dataset().sel(width=[width])})
        for name, node in whole.children.items()
        for width in node["width"].values[1:]
    }
    for name, node in whole.children.items():  # the first width in two parts of its data sets
        first = node.to_dataset().isel(width=[0])
        for start, seeds in ((0, slice(2)), (2, slice(2, None))):
            part = xr.DataTree.from_dict({name: first.isel(seed=seeds)})
            parts[f"exact-{name}-n{int(first['width'][0])}-s{start}"] = part
    expected = fit.fit(stored, {})
    for path, table in fit.fit(parts, {}).items():
        xr.testing.assert_allclose(table, expected[path])


@pytest.mark.parametrize(
    "wrong",
    [
        {"draws": 500},
        {"scrambles": 1},
        {"scaling": {"widths": [8, 16]}},
        {"scaling": {"widths": [8, 12, 16]}},
        {"scaling": {"layers": [4]}},
        {"shapes": {"deep_widths": [4, 8, 16]}},
        {"chains": {"features": 21}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ConfigError, match="exact"):
        load({"run": "a", "studies": {"attention_paths": {"exact": wrong}}}, "config.yaml")
