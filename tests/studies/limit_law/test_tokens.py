"""The family on token Grams: tokens, wrong laws, predictions, and the way from samples to verdicts."""

import importlib

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.attention import softmax_moments
from widthscope.attention.gram import gram, root
from widthscope.datasets import digits
from widthscope.plotting import svg
from widthscope.statistics.claims import judge
from widthscope.studies.limit_law.tokens import fit_images, joint_gram, relu_gram
from widthscope.studies.limit_law.tokens.claims import CLAIMS
from widthscope.studies.limit_law.tokens.figures import draw
from widthscope.studies.limit_law.tokens.fit import fit
from widthscope.studies.limit_law.tokens.image_tokens import image_tokens
from widthscope.studies.limit_law.tokens.plan import shards
from widthscope.studies.limit_law.tokens.settings import DataGram, JointGram, ReluGram, TokenGrams
from widthscope.work import Work

SMALL = TokenGrams(
    relu_gram=ReluGram(draws=12_000, witness_draws=4_000, batches=20, witness_width=16),
    data_gram=DataGram(images=8, draws=4_000, batches=20),
    joint_gram=JointGram(draws=12_000),
)


@pytest.fixture(scope="module")
def digits_data(tmp_path_factory):
    return digits.prepare({}, tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def tree(digits_data):
    stored = {}
    for shard in shards(SMALL, seed=1):
        entry = importlib.import_module(f"widthscope.studies.limit_law.{shard.entry}")
        datasets = dict.fromkeys(shard.datasets, digits_data)
        stored[shard.name] = entry.run(shard.settings, datasets, Work())
    return xr.DataTree.from_dict(fit(stored, {}))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_image_tokens_are_standardised_over_all_images(digits_data):
    tokens = image_tokens(digits_data, 1797)
    assert tokens.shape == (1797, 8, 8)
    assert tokens.mean() == pytest.approx(0, abs=1e-12)
    assert tokens.std() == pytest.approx(1)
    np.testing.assert_array_equal(image_tokens(digits_data, 5), tokens[:5])
    with pytest.raises(ValueError, match="1797 images, 1798"):
        image_tokens(digits_data, 1798)


def test_wrong_scores_have_right_rows_and_wrong_dependence(digits_data):
    K = gram(image_tokens(digits_data, 1)[0])
    L = torch.from_numpy(root(K))
    expected = {"independent rows": np.zeros((8, 8)), "same row": np.sqrt(K[2, 2] * K[3, 3]) * K}
    for law, across in expected.items():
        P = joint_gram.wrong_scores(law, L, 1, 40_000, generator())[:, 0].numpy()
        within = P[:, 2].T @ P[:, 2] / len(P)
        np.testing.assert_allclose(within, K[2, 2] * K, atol=0.04)
        np.testing.assert_allclose(P[:, 2].T @ P[:, 3] / len(P), across, atol=0.04)
    iid = joint_gram.wrong_scores("iid scores", L, 2, 20_000, generator())
    assert iid.shape == (20_000, 2, 8, 8)
    assert float(iid.square().mean()) == pytest.approx(1, abs=0.01)
    with pytest.raises(ValueError, match="unknown law of scores 'limit'"):
        joint_gram.wrong_scores("limit", L, 1, 10, generator())


@pytest.mark.parametrize(("sampler", "mean"), [("limit", 0.254766), ("wrong", 0.146873)])
def test_limit_laws_of_relu_tokens_have_the_variance_of_the_closed_form(sampler, mean):
    layer = relu_gram.layer(sampler, 0, 4, 2, 40_000, generator(), "cpu")
    own = layer.covariance.diagonal(dim1=-2, dim2=-1).mean(-1).numpy()
    assert own.mean() == pytest.approx(mean, abs=4 * own.std() / np.sqrt(len(own)))


def test_relu_tokens_with_all_weights_have_the_moments_of_the_fast_sampler():
    moments = []
    for sampler in ("naive", "bartlett"):
        y = relu_gram.layer(sampler, 16, 4, 2, 20_000, generator(3), "cpu").outputs[:, :, 0].double().numpy()
        values = np.stack([y[:, 0] ** 2, y[:, 0] * y[:, 1], (y[:, 0] - y[:, 1]) ** 2])
        moments.append((values.mean(1), values.std(1) / np.sqrt(len(y))))
    (first, error), (second, other) = moments
    assert np.all(np.abs(first - second) < 4 * np.hypot(error, other))


def test_predictions_from_the_gram_agree_with_the_closed_form_for_exchangeable_tokens():
    K = 0.7 * np.eye(4) + 0.2
    table = xr.Dataset({"gram": (("point", "row", "col"), K[None])}, attrs={"heads": 2})
    found = fit_images.predictions(table)
    exact = softmax_moments.limit_moments(0.7, 0.2, 4)
    np.testing.assert_allclose(found["variance"], exact.mean, rtol=1e-6)
    np.testing.assert_allclose(found["kurtosis"], softmax_moments.excess_kurtosis(exact, 2), rtol=1e-4)
    np.testing.assert_allclose(found["uniform"], K.mean())


def test_no_claim_is_refuted_and_every_control_is(tree):
    verdicts = {verdict.id: verdict for verdict in judge("limit_law", "2506.00846", CLAIMS, tree)}
    assert set(verdicts) == {"limit_law/relu-gram", "limit_law/data-gram", "limit_law/joint-gram"}
    for verdict in verdicts.values():
        assert verdict.verdict != "refuted", verdict.reason
        assert verdict.control.rejected, verdict.reason


def test_measured_numbers_are_those_of_the_theory_notes(tree):
    images = tree["/curves/tokens-images"].attrs
    assert images["variance_slope"] == pytest.approx(0.9997, abs=0.01)
    assert images["kurtosis_slope"] == pytest.approx(1.004, abs=0.06)
    joint = tree["/curves/tokens-joint"]["ks"]
    for law in ("iid scores", "independent rows", "same row"):
        assert float(joint.sel(law=law, functional="y3-y4")) > 0.1
        assert float(joint.sel(law=law, functional="y3")) < 0.03
    relu = tree["/claims/relu-gram/variance/measured"]
    z = (relu["estimate"] - 0.254766) / relu["standard_error"]
    assert abs(float(z[0])) < 4


def test_a_seed_gives_the_same_numbers_whatever_else_is_run(digits_data):
    settings = {"image": 0, "width": 64, "heads": 1, "draws": 500, "seed": 5}
    both, one = (
        joint_gram.run({**settings, "points": points}, {"digits": digits_data}, Work())
        for points in ([{"law": "finite"}, {"law": "same row"}], [{"law": "same row"}])
    )
    np.testing.assert_array_equal(both["counts"][1], one["counts"][0])


def test_figures_are_drawn_from_the_fit_with_numbers_in_their_text(tree):
    drawings = draw(tree)
    assert set(drawings) == {claim.figure for claim in CLAIMS}
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt
        assert any(character.isdigit() for character in drawing.alt)
        assert svg(drawing.figure).startswith("<?xml")
