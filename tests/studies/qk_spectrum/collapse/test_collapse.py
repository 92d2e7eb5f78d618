"""The experiments of the family, their evidence, and the verdicts of their claims."""

import itertools

import numpy as np
import pytest
import xarray as xr
from pydantic import ValidationError
from scipy import stats

from widthscope import store
from widthscope.statistics.claims import judge
from widthscope.streams import numpy_generator
from widthscope.studies.qk_spectrum.collapse import experiment, figures, fit, fit_matched, fit_spread, plan
from widthscope.studies.qk_spectrum.collapse.claims import CLAIMS
from widthscope.studies.qk_spectrum.collapse.diagonal_head import entropy, normal_spectrum, sequences
from widthscope.studies.qk_spectrum.collapse.matched_entropy import strengths
from widthscope.studies.qk_spectrum.collapse.settings import Collapse, EntropyOverSpread
from widthscope.studies.qk_spectrum.collapse.trend import mean_rank_correlation
from widthscope.work import Work

SMALL = {
    "entropy_over_spread": {"width": 16, "tokens": 16, "walks": 8, "seeds": 40},
    "matched_entropy": {"width": 16, "tokens": 16, "sequences": 8, "seeds": 40, "entropies": [0.95, 0.85]},
}


@pytest.fixture(scope="module")
def swept() -> xr.DataTree:
    (shard,) = plan.shards(Collapse.model_validate(SMALL), seed=3)
    assert (shard.name, shard.entry) == ("collapse", "collapse.experiment")
    return experiment.run(shard.settings, {}, Work())


@pytest.fixture(scope="module")
def fitted(swept: xr.DataTree) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit({"collapse": swept, "walks": xr.DataTree()}, {}))


def test_rank_correlation_is_that_of_scipy_and_pages_statistic():
    values = np.random.default_rng(0).standard_normal((5, 30)).round(1)  # with ties
    found = mean_rank_correlation(values)
    by_seed = [stats.spearmanr(np.arange(5), seed).statistic for seed in values.T]
    assert found.value == pytest.approx(np.mean(by_seed), abs=1e-14)
    untied = np.random.default_rng(1).standard_normal((5, 30)) + np.arange(5)[:, None] / 4
    page = stats.page_trend_test(untied.T, method="asymptotic")
    z = mean_rank_correlation(untied).value * (30 * 4) ** 0.5
    assert stats.norm.sf(z) == pytest.approx(page.pvalue, rel=1e-9)


def test_rank_correlation_where_all_seeds_agree_still_has_an_interval():
    found = mean_rank_correlation(np.arange(4.0)[:, None] - np.zeros((4, 12)))
    assert found.value == pytest.approx(1)
    assert found.standard_error == pytest.approx((12 * 3) ** -0.5)
    assert mean_rank_correlation(np.ones((4, 12))).value == 0
    with pytest.raises(ValueError, match="at least 2 conditions"):
        mean_rank_correlation(np.ones((1, 5)))


def test_mean_rank_correlation_covers_zero_for_every_order_alike():
    orders = np.array(list(itertools.permutations(range(4)))).T
    found = mean_rank_correlation(orders)
    assert found.value == pytest.approx(0, abs=1e-15)
    assert found.standard_error * 24**0.5 == pytest.approx(3**-0.5, rel=0.03)  # variance 1/(k - 1)


def test_entropies_are_those_of_the_named_spectra(swept):
    table = swept["entropy_over_spread"].to_dataset()
    names = ("qk_spectrum", "collapse", "entropy over spread", 3, 16, 16)
    walks = sequences("walk", 8, 16, 16, numpy_generator(*names, 5))
    g = normal_spectrum(16)
    pair = [entropy(walks, 0.5 + 1.0 * sign * g) for sign in (1, -1)]
    assert float(table["entropy"].sel(mean=0.5, spread=1.0, seed=5)) == pytest.approx(
        np.mean(pair), abs=1e-14
    )
    assert float(table["entropy"].sel(mean=0.0, spread=0.0, seed=5)) == pytest.approx(1, abs=1e-15)
    pair = [entropy(walks, 8**0.5 + 1.0 * sign * g) for sign in (1, -1)]
    assert float(table["fixed_scale"].sel(spread=1.0, seed=5)) == pytest.approx(np.mean(pair), abs=1e-14)


def test_another_number_of_seeds_changes_no_seed(swept):
    fewer = {name: {**own, "seeds": 4} for name, own in SMALL.items()}
    (shard,) = plan.shards(Collapse.model_validate(fewer), seed=3)
    again = experiment.run(shard.settings, {}, Work())
    for name in SMALL:
        xr.testing.assert_equal(again[name].to_dataset(), swept[name].to_dataset().isel(seed=slice(0, 4)))


def test_strengths_are_roots_in_any_regime():
    tokens = sequences("walk", 4, 12, 8, np.random.default_rng(0))
    targets = np.array([0.999, 0.9, 0.5, 0.1])
    for eigenvalues in (np.ones(8), normal_spectrum(8)):
        found = strengths(tokens, eigenvalues, targets)
        assert (np.diff(found) > 0).all()
        assert [entropy(tokens, k * eigenvalues) for k in found] == pytest.approx(targets, abs=1e-8)


def test_matched_spectra_have_the_same_entropy_and_uniform_attention_no_diversity(swept):
    table = swept["matched_entropy"].to_dataset()
    assert float(abs(table["entropy"] - table["target"]).max()) < 1e-8
    assert float(table["uniform_residual"].max()) < 1e-13
    assert (table["strength"] > 0).all()


def test_claims_hold_and_their_controls_are_rejected(fitted):
    verdicts = {verdict.id: verdict for verdict in judge("qk_spectrum", "2402.02098", CLAIMS, fitted)}
    for verdict in verdicts.values():
        assert verdict.control is not None
        assert verdict.control.rejected, verdict.control
        assert verdict.verdict == "supported", verdict.reason
    for claim in CLAIMS:
        for test in claim.judged:
            assert f"/claims/{claim.name}/{test.name}/control" in fitted.groups


def test_the_claim_about_spread_is_refuted_where_entropy_rises(swept):
    table = swept["entropy_over_spread"].to_dataset()
    reversed_order = table.assign(entropy=(["mean", "spread", "seed"], table["entropy"].values[:, ::-1]))
    rule = CLAIMS[0].tests[0].rule
    assert rule.judge(fit_spread.tests(table)["trend"][0], 0.9998).verdict == "supported"
    assert rule.judge(fit_spread.tests(reversed_order)["trend"][0], 0.9998).verdict == "refuted"


def test_the_claim_about_diversity_is_refuted_where_the_arms_are_exchanged(swept):
    table = swept["matched_entropy"].to_dataset()
    names = [{"concentrated": "spread", "spread": "concentrated"}.get(n, n) for n in table["spectrum"].values]
    exchanged = table.assign_coords(spectrum=names)
    measured, _ = fit_matched.tests(exchanged)["diversity"]
    assert CLAIMS[1].tests[0].rule.judge(measured, 0.9998).verdict == "refuted"


def test_difference_of_walk_and_iid_ratios_is_welchs(swept):
    table = swept["matched_entropy"].to_dataset()
    walk, iid = (fit_matched.ratios(table, law, "concentrated").values[1] for law in ("walk", "iid"))
    measured, _ = fit_matched.tests(table)["walks-exceed-iid"]
    welch = stats.ttest_ind(walk, iid, equal_var=False)
    row = measured.isel(component=1)
    assert float(row["estimate"] / row["standard_error"]) == pytest.approx(welch.statistic, rel=1e-9)
    assert float(row["degrees"]) == pytest.approx(welch.df, rel=1e-9)


def test_larger_runs_are_one_job_for_each_experiment():
    large = {name: {**own, "seeds": 400, "width": 64, "tokens": 512} for name, own in SMALL.items()}
    shards = plan.shards(Collapse.model_validate(large), seed=0)
    assert [shard.name for shard in shards] == ["collapse-entropy-over-spread", "collapse-matched-entropy"]
    assert all(len(shard.settings) == 1 for shard in shards)


@pytest.mark.parametrize(("width", "largest"), [(64, 1.0), (256, 0.5), (16, 2.0)])
def test_means_beyond_the_claim_are_refused_as_judged_ones(width, largest):
    assert EntropyOverSpread(width=width, means=(0.0, largest)).means[-1] == largest
    with pytest.raises(
        ValidationError, match=rf"up to 8/sqrt\(width\) = {largest:g}, not {1.01 * largest:g}"
    ):
        EntropyOverSpread(width=width, means=(0.0, 1.01 * largest))


def test_figures_are_drawn_with_words(fitted):
    drawings = figures.draw(fitted)
    assert set(drawings) == {claim.figure for claim in CLAIMS}
    assert "mean 0.5, 0.9" in drawings["collapse-entropy"].alt
    assert "random walks: 1." in drawings["collapse-plane"].alt


def test_the_trend_s_interval_holds_correlations_only_also_from_a_store(fitted, tmp_path):
    place = tmp_path / "fit.zarr", tmp_path / "fit.digest.json"
    store.write(fitted, *place)
    for tree in (fitted, store.read(*place)):
        verdict = next(one for one in judge("qk_spectrum", "2402.02098", CLAIMS, tree) if "entropy" in one.id)
        trend = next(test for test in verdict.tests if test.name == "trend")
        for row in (*trend.components, *trend.control.components):
            assert -1 <= row.interval[0] <= row.estimate <= row.interval[1] <= 1
