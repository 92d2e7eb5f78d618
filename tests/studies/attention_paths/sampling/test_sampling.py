"""The family `sampling`: its estimators on known numbers, and a small run of every stage."""

import numpy as np
import pytest
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.report.reasons import short_reason
from widthscope.statistics.claims import judge
from widthscope.studies.attention_paths.sampling import distances, experiment, plan
from widthscope.studies.attention_paths.sampling.claims import CLAIMS
from widthscope.studies.attention_paths.sampling.figures import draw
from widthscope.studies.attention_paths.sampling.fit import fit, tables_of
from widthscope.studies.attention_paths.sampling.settings import Sampling
from widthscope.work import Work

SMALL = Sampling(seeds=3, warm_up=20, sweeps=150, draws=256, tests=10, widths=(4, 6, 8), width_sweeps=60)


def table(noise: float, shift: float, r_hat: float = 1.0, seeds: int = 400) -> xr.Dataset:
    """Sampled and exact means of 20 tests whose true values differ by `shift`, each half with noise."""
    generator = np.random.default_rng(0)
    true = generator.standard_normal((seeds, 1, 20))

    def noisy(values: np.ndarray) -> np.ndarray:
        return values + noise * generator.standard_normal((seeds, 2, 20))

    return xr.Dataset(
        {
            "mean_sampled": (("seed", "half", "test"), noisy(true)),
            "mean_exact": (("seed", "half", "test"), noisy(true + shift)),
            "mean_theory": (("seed", "test"), true[:, 0] + shift),
            "r_hat": (("seed", "watched"), np.full((seeds, 2), r_hat)),
            "effective": (("seed", "watched"), np.full((seeds, 2), 500.0)),
        },
        coords={"watched": ["outputs", "order"]},
    )


def test_noise_adds_nothing_to_the_squared_discrepancy() -> None:
    same = distances.squared_discrepancy(table(noise=0.3, shift=0.0), "mean", "exact")
    assert abs(same.mean()) < 4 * same.std() / 20
    assert same.std() / 20 < 0.01
    apart = distances.squared_discrepancy(table(noise=0.1, shift=0.5), "mean", "exact")
    known = table(noise=0.0, shift=0.5)
    expected = distances.squared_discrepancy(known, "mean", "exact").mean()
    assert apart.mean() == pytest.approx(expected, abs=4 * apart.std() / 20 + 0.01)
    np.testing.assert_allclose(
        distances.squared_discrepancy(known, "mean", "theory"),
        0.25 * 20 / np.square(known["mean_theory"].values).sum(1),
    )


def test_samples_tell_the_theory_from_the_exact_posterior_by_the_difference() -> None:
    right = table(noise=0.0, shift=0.0)
    far = right.assign(mean_theory=right["mean_theory"] + 0.5)
    expected = distances.squared_discrepancy(far, "mean", "theory")
    assert (expected > 0).all()
    np.testing.assert_allclose(distances.told_apart(far, "mean"), expected)
    same = distances.told_apart(table(noise=0.3, shift=0.0), "mean")
    assert abs(same.mean()) < 4 * same.std() / 20


def test_chains_that_have_not_converged_are_not_measured() -> None:
    stuck = table(noise=0.1, shift=0.0, r_hat=1.2)
    assert np.isnan(distances.distance(stuck, "mean", "theory")).all()
    assert np.isnan(distances.squared_discrepancy(stuck, "mean", "exact")).all()


def test_correlation_is_over_pairs_of_different_paths() -> None:
    order = np.array([[9.0, 1.0, 2.0], [1.0, 5.0, 3.0], [2.0, 3.0, 7.0]])
    one = table(noise=0.0, shift=0.0, seeds=1).assign(
        order_sampled=(("seed", "half", "path", "other"), np.stack([order, order])[None]),
        order_theory=(("seed", "path", "other"), (10 * np.eye(3) + 2 * order)[None]),
        order_permuted=(("seed", "path", "other"), -order[None]),
    )
    assert distances.off_diagonal_correlation(one, "theory") == pytest.approx(1.0)
    assert distances.off_diagonal_correlation(one, "permuted") == pytest.approx(-1.0)


def test_small_sizes_share_a_shard_and_large_ones_do_not() -> None:
    assert [shard.name for shard in plan.shards(SMALL, 0)] == ["sampling"]
    assert [shard.name for shard in plan.shards(Sampling(), 0)] == ["sampling-cases", "sampling-widths"]
    large = plan.shards(Sampling(seeds=50, chains=16, sweeps=4000, widths=(8, 16, 64)), 0)
    names = [shard.name for shard in large]
    assert [name for name in names if "width" in name][:2] == ["sampling-width-8", "sampling-width-16"]


def test_a_long_case_is_split_by_data_seeds() -> None:
    whole = plan.shards(Sampling(seeds=50, chains=8, width_sweeps=2000, widths=(8, 16, 128)), 0)
    parts = [shard for shard in whole if shard.name.startswith("sampling-width-128-seeds-")]
    seeds = [shard.settings["cases"][0]["data_seeds"] for shard in parts]
    assert len(parts) > 1
    assert [seed for first, stop in seeds for seed in range(first, stop)] == list(range(50))
    assert [shard.name.rpartition("-")[2] for shard in parts] == [str(first) for first, _ in seeds]
    assert max(shard.cost.seconds for shard in whole) < 3600


def test_draws_of_sobol_sequences_are_a_power_of_two() -> None:
    with pytest.raises(ValueError, match="must be a power of two, for Sobol sequences, not 1000"):
        Sampling(draws=1000)


@pytest.fixture(scope="module")
def shards() -> dict[str, xr.DataTree]:
    return {shard.name: experiment.run(shard.settings, {}, Work()) for shard in plan.shards(SMALL, 101)}


def test_every_stage_of_a_small_run(shards: dict[str, xr.DataTree]) -> None:
    tree = xr.DataTree.from_dict(fit(shards, {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    drawings = draw(tree)
    assert set(drawings) == {claim.figure for claim in CLAIMS}


def judged_chains(shards: dict[str, xr.DataTree], stuck: dict[str, list[int]]) -> xr.DataTree:
    """The fit where all chains have converged but those of some data sets of some cases."""
    trees = {}
    for name, tree in shards.items():
        tables = {}
        for case, node in tree.children.items():
            one = node.to_dataset().copy(deep=True)
            one["r_hat"][:], one["effective"][:] = 1.0, 500.0
            for seed in stuck.get(str(case), []):
                one["r_hat"].loc[{"seed": seed}] = 1.2
            tables[str(case)] = one
        trees[name] = xr.DataTree.from_dict(tables)
    return xr.DataTree.from_dict(fit(trees, {}))


def test_captions_say_what_was_not_measured(shards: dict[str, xr.DataTree]) -> None:
    lost = {"two-layers": [0, 1, 2], "unequal": [1]}
    tree = judged_chains(shards, lost)
    agreement, overlap = draw(tree)["sampling-agreement"], draw(tree)["order-parameter-overlap"]
    mean = float(tree["/curves/sampling-agreement/distance"].sel(
        case="heads 2", quantity="mean", way="theory").mean("seed"))  # fmt: skip
    assert f"The theory's mean is {mean:.3f} off on average for heads 2, that" in agreement.caption
    assert (
        "Predictor's mean and variance not measured, chains have not converged: heads 2, 2 (no data set); "
        "heads 3, 2, unequal (only 2 of 3 data sets)."
    ) in agreement.caption
    for axes in agreement.figure.axes:
        assert [text.get_position()[0] for text in axes.texts] == [1]
    assert "the 2 of 3 data sets whose chains have converged" in overlap.caption
    assert "nan" not in agreement.caption + overlap.caption


def test_a_run_in_which_nothing_converged_draws_no_numbers(shards: dict[str, xr.DataTree]) -> None:
    every = {str(case): [0, 1, 2] for tree in shards.values() for case in tree.children}
    tree = judged_chains(shards, every)
    drawings = draw(tree)
    assert tree["/curves/order-parameter-overlap/order"].sel(way="sampled").isnull().all()
    assert "not measured at N = 4, 6, 8: chains" in drawings["order-parameter-overlap"].caption
    assert "off on average" not in drawings["sampling-agreement"].caption
    assert not any("nan" in each.caption for each in drawings.values())
    verdicts = judge("attention_paths", "paper", CLAIMS, tree)
    assert all(each.verdict == "undecided" for each in verdicts)
    assert all("R-hat is above 1.05" in short_reason(each.model_dump(mode="json")) for each in verdicts)


def test_what_a_decisive_run_takes_names_the_limits_of_convergence() -> None:
    for claim in CLAIMS:
        assert f"above {distances.LARGEST_R_HAT}" in claim.needs
        assert f"fewer than {distances.SMALLEST_EFFECTIVE:g}" in claim.needs


def test_a_case_stays_as_it_is_when_others_go(shards: dict[str, xr.DataTree]) -> None:
    together = tables_of(shards)
    case = next(
        case
        for shard in plan.shards(SMALL, 101)
        for case in shard.settings["cases"]
        if case["name"] == "width-6"
    )
    alone = experiment.run({"cases": [case], "seed": 101}, {}, Work())
    xr.testing.assert_identical(alone["width-6"].to_dataset(), together["width-6"])


def test_data_seeds_in_jobs_of_their_own_have_the_same_numbers(shards: dict[str, xr.DataTree]) -> None:
    together = tables_of(shards)
    cases = [case for shard in plan.shards(SMALL, 101) for case in shard.settings["cases"]]
    for case in (case for case in cases if case["name"] in ("unequal", "width-4")):
        apart = {
            f"sampling-{first}": experiment.run(
                {"cases": [{**case, "data_seeds": [first, stop], "together": 1}], "seed": 101}, {}, Work()
            )
            for first, stop in ((2, 3), (0, 2))
        }
        xr.testing.assert_identical(tables_of(apart)[case["name"]], together[case["name"]])


def test_both_ways_to_the_posterior_agree_where_nothing_is_equal(shards: dict[str, xr.DataTree]) -> None:
    """Looser than the claim: few sweeps, few data sets."""
    unequal = tables_of(shards)["unequal"]
    sampled, exact = (unequal[f"mean_{way}"].mean("half").values for way in ("sampled", "exact"))
    error = np.linalg.norm(sampled - exact) / np.linalg.norm(exact)
    limit = np.linalg.norm(unequal["mean_limit"].values - exact) / np.linalg.norm(exact)
    assert error < 0.12 < limit
