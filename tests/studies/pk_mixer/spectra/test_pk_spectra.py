"""Moments of random layers: formulas against enumeration and dense matrices, verdicts, refusals."""

from itertools import combinations, product
from math import comb

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.mixers.mixing import initial_weights
from widthscope.statistics.claims import judge
from widthscope.studies.pk_mixer.spectra import experiment, figures, fit, lines, moments, plan, theory
from widthscope.studies.pk_mixer.spectra.claims import CLAIMS
from widthscope.studies.pk_mixer.spectra.settings import Spectra
from widthscope.work import Work

SETTINGS = Spectra(
    layer_sides=(8, 12),
    product_sides=(8, 10, 12),
    factor_draws=3000,
    sparse_draws=200,
    product_draws=150,
    fewest=60,
    expanded=8,
    signals=30,
)


@pytest.fixture(scope="module")
def stored() -> dict[str, xr.DataTree]:
    (shard,) = plan.shards(SETTINGS, seed=103)
    return {shard.name: experiment.run(shard.settings, {}, Work())}


@pytest.fixture(scope="module")
def tree(stored: dict[str, xr.DataTree]) -> xr.DataTree:
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def generator(seed: int = 3) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sparse_moment_by_enumeration(side: int) -> float:
    """M_2 of one sparse layer as a sum over all masks, with exact Gaussian moments given the mask."""
    units = side * side
    places = list(product(range(units), repeat=2))
    connections = units * side
    total = 0.0
    for chosen in combinations(places, connections):
        rows, columns = (np.bincount([place[axis] for place in chosen], minlength=units) for axis in (0, 1))
        # E tr (A^T A)^2 of independent entries: 3 v^2 for each, v^2 for each ordered pair in a row or column
        total += 3 * connections + (rows * (rows - 1)).sum() + (columns * (columns - 1)).sum()
    return total / comb(units * units, connections) / side**2 / units


def test_sparse_layer_formula_is_the_mean_over_all_masks() -> None:
    assert theory.sparse_layer_moment(2) == pytest.approx(sparse_moment_by_enumeration(2), rel=1e-12)


def test_sparse_product_formula_with_a_full_mask_is_the_dense_one() -> None:
    """Where the pairs are certain and the side is one, A and B are numbers: E a^4 E b^4 = 9."""
    assert theory.pair_ratio(5, 5) == 1.0
    units = 16
    fourth, pair = 3 / units**2, 1 / units**2
    by_hand = 3 + 3 / units + 3 / units**2  # E tr (P^T P)^2 / m of two dense Gaussian factors
    others = units - 1
    terms = fourth**2 + 3 * others * pair**2 + others * (fourth * pair + others * pair**2)
    assert units**2 * (terms + others * pair * (fourth + 2 * others * pair)) == pytest.approx(by_hand)


def test_sparse_product_formula_agrees_with_draws() -> None:
    drawn = torch.stack([moments.moments(moments.sparse_product(4, generator(k))) for k in range(4000)])
    mean, error = float(drawn[:, 1].mean()), float(drawn[:, 1].std()) / 4000**0.5
    assert abs(mean - theory.sparse_product_moment(4)) < 4.5 * error
    assert error < 0.03 * mean
    assert abs(mean - theory.mixer_layer_moment(4) ** 2) > 4.5 * error


def test_small_factors_have_the_moments_of_the_dense_product() -> None:
    side = 4
    W, V = initial_weights(2, side, side, side, 1.0, generator())
    dense = moments.moments(torch.kron(V.T.contiguous(), W))
    torch.testing.assert_close(dense, moments.moments(W) * moments.moments(V), rtol=1e-12, atol=0)
    singular = torch.linalg.svdvals(W)
    torch.testing.assert_close(moments.moments(W)[1], singular.pow(4).sum() / side)
    whole = moments.permuted_product(side, "commutation", generator(5))
    W, V = initial_weights(2, side, side, side, 1.0, generator(5))
    torch.testing.assert_close(moments.moments(whole), moments.moments(W) * moments.moments(V))
    unmixed = moments.permuted_product(side, "identity", generator(5))
    torch.testing.assert_close(moments.moments(unmixed), moments.moments(V @ W))


def test_only_a_mixers_moments_are_products_of_its_factors() -> None:
    assert moments.factor_deviation(5, "commutation", generator()) < 1e-13
    for between in ("random", "identity"):
        assert moments.factor_deviation(5, between, generator()) > 1e-3


def test_ratio_of_the_mixer_is_exact_at_the_smallest_side() -> None:
    """For S = 1 a layer is a number and M_2 / M_1^2 is one, whatever is drawn."""
    assert theory.mixer_product_ratio(1) == pytest.approx(1.0)
    drawn = moments.mixer_products(3, 20000, generator())
    ratio = drawn[:, 1] / drawn[:, 0] ** 2
    error = ratio.std() / len(ratio) ** 0.5
    assert abs(ratio.mean() - theory.mixer_product_ratio(3)) < 4.5 * error


def test_weighted_line_is_numpys() -> None:
    x, errors = [0.1, 0.2, 0.3, 0.5], [0.1, 0.05, 0.2, 0.1]
    y = [4.1, 4.0, 4.6, 4.9]
    (slope, intercept), covariance = np.polyfit(x, y, 1, w=1 / np.array(errors), cov="unscaled")
    line = lines.weighted_line(x, y, errors, [10, 20, 30, 40])
    assert (line.intercept, line.slope) == pytest.approx((intercept, slope))
    assert line.standard_error == pytest.approx(covariance[1, 1] ** 0.5)
    assert (line.degrees, line.draws) == (9, 100)
    with pytest.raises(ValueError, match="at least 3"):
        lines.weighted_line(x[:2], y[:2], errors[:2], [10, 20])


def test_no_claim_is_refuted_and_every_control_is(tree: xr.DataTree) -> None:
    assert_only_controls_are_refuted("pk_mixer", "2306.01470", CLAIMS, tree)
    assert_judged_tests_have_controls(CLAIMS, tree)


def test_forms_in_each_others_place_are_refuted(stored: dict[str, xr.DataTree]) -> None:
    swapped = {"spectra": stored["spectra"].copy(deep=True)}
    for node in swapped["spectra"]["products"].children.values():
        node["mixer"], node["unmixed"] = node["unmixed"].copy(), node["mixer"].copy()
    found = xr.DataTree.from_dict(fit.fit(swapped, {}))
    verdicts = {one.id: one for one in judge("pk_mixer", "2306.01470", CLAIMS, found)}
    tests = {test.name: test.verdict for test in verdicts["pk_mixer/spectrum-product"].tests}
    assert (tests["mixer"], tests["finite-mixer"]) == ("refuted", "refuted")


def test_a_plan_of_several_shards_gives_what_one_does(stored: dict[str, xr.DataTree]) -> None:
    (whole,) = plan.shards(SETTINGS, seed=103)
    alone = {
        "spectra-layers": {**whole.settings, "product_sides": []},
        **{
            f"spectra-products-s{side}": {**whole.settings, "layer_sides": [], "product_sides": [side]}
            for side in SETTINGS.product_sides
        },
    }
    parts = {name: experiment.run(settings, {}, Work()) for name, settings in alone.items()}
    xr.testing.assert_identical(
        xr.DataTree.from_dict(fit.fit(parts, {})), xr.DataTree.from_dict(fit.fit(stored, {}))
    )
    large = plan.shards(SETTINGS.model_copy(update={"product_sides": (8, 16, 32, 48)}), seed=103)
    assert [shard.name for shard in large][:2] == ["spectra-layers", "spectra-products-s8"]


def test_the_figures_are_drawn(tree: xr.DataTree) -> None:
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    assert not any("nan" in drawing.caption for drawing in drawings.values())


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="must be at least fewest"):
        Spectra(sparse_draws=20)
    with pytest.raises(ValidationError, match="leave no product of at most"):
        Spectra(product_sides=(20, 24, 28))
