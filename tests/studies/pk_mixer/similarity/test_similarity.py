"""From trained networks to likeness, spectra and figures, at sizes far below a laptop's."""

import numpy as np
import pytest
import torch
import xarray as xr
from ckatorch.core import cka_base
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.config import load
from widthscope.content import flatten
from widthscope.datasets import digits
from widthscope.errors import ConfigError
from widthscope.statistics.claims import judge
from widthscope.studies.pk_mixer.networks import forward
from widthscope.studies.pk_mixer.similarity import experiment, figures, fit, plan, singular_values
from widthscope.studies.pk_mixer.similarity.arms import ANOTHER, DRAWN_TWICE, PAIRS, PURPOSE, arms
from widthscope.studies.pk_mixer.similarity.claims import CLAIMS
from widthscope.studies.pk_mixer.similarity.settings import Similarity
from widthscope.studies.pk_mixer.training import Recipe, images_of, train_networks
from widthscope.work import Work

SETTINGS = Similarity(side=6, factor=3, blocks=1, train=300, test=80, batch=50, epochs=2, seeds=4)
RUN_SEED = 7


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return digits.prepare({}, tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="module")
def shard():
    (found,) = plan.shards(SETTINGS, RUN_SEED)
    return found


@pytest.fixture(scope="module")
def swept(shard, dataset):
    return experiment.run(shard.settings, {"digits": dataset}, Work())


@pytest.fixture(scope="module")
def spectra(shard, swept):
    return singular_values.analyse(swept, shard.spectra_settings, Work())


@pytest.fixture(scope="module")
def tree(swept, spectra):
    shards = {"similarity": swept, "spectra/similarity": xr.DataTree(spectra)}
    return xr.DataTree.from_dict(fit.fit(shards, {}))


def cka(swept, first, second):
    table = swept["likeness"].to_dataset()
    place = PAIRS.index((first, second))
    return table["cka"].isel(pair=place).values


def trained(arm, dataset):
    """One arm trained by itself, and the images."""
    recipe = Recipe(300, 80, batch=50, epochs=2)
    seeds, purpose = range(4), (*PURPOSE, RUN_SEED)
    images = images_of(dataset, recipe, seeds, purpose)
    network = arms(6, 3, 1, 64)[arm]
    return train_networks(network, images, recipe, seeds, (*purpose, arm), Work(), arm), images


def features(networks, seed, pixels):
    """Features after each layer of one seed's network, by itself."""
    own = {name: value[seed : seed + 1] for name, value in networks.values.all().items()}
    with torch.no_grad():
        return [layer[0].double().numpy() for layer in forward(networks.network, own, pixels, True).features]


def another_librarys_cka(first, second):
    found = cka_base(torch.as_tensor(first), torch.as_tensor(second), kernel="linear", method="fro_norm")
    return float(found)


def test_likeness_is_that_of_each_seeds_networks_on_its_own_images(swept, dataset):
    mixer, images = trained("mixer", dataset)
    narrow, _ = trained("narrow", dataset)
    for seed in range(4):
        pixels = images.test.pixels[seed : seed + 1]
        pairs = zip(features(mixer, seed, pixels), features(narrow, seed, pixels), strict=True)
        expected = [another_librarys_cka(*pair) for pair in pairs]
        np.testing.assert_allclose(cka(swept, "mixer", "narrow")[:, seed], expected, rtol=1e-5)


def test_another_network_is_a_second_one_trained_on_the_same_images(swept, dataset):
    narrow, images = trained("narrow", dataset)
    another, _ = trained(f"{ANOTHER}narrow", dataset)
    for seed in range(4):
        pixels = images.test.pixels[seed : seed + 1]
        pairs = zip(features(another, seed, pixels), features(narrow, seed, pixels), strict=True)
        found = cka(swept, f"{ANOTHER}narrow", "narrow")[:, seed]
        np.testing.assert_allclose(found, [another_librarys_cka(*pair) for pair in pairs], rtol=1e-5)
        assert (found < 0.999).all()


def test_seeds_in_shards_of_their_own_are_joined(shard, dataset, tree):
    parts = {}
    for first, count in ((0, 1), (1, 3)):
        own = {"first_seed": first, "seeds": count}
        part = experiment.run({**shard.settings, **own}, {"digits": dataset}, Work())
        spectra = singular_values.analyse(part, {**shard.spectra_settings, **own}, Work())
        parts |= {f"similarity-r{first}": part, f"spectra/similarity-r{first}": xr.DataTree(spectra)}
    found = xr.DataTree.from_dict(fit.fit(parts, {}))
    for path in ("cka-sparse-match/difference/measured", "spectrum-trained/distance/control"):
        own, whole = (one[f"/claims/{path}"].to_dataset() for one in (found, tree))
        xr.testing.assert_allclose(own, whole, rtol=1e-3)


def test_seeds_are_shared_out_where_one_job_would_take_long():
    large = Similarity(dataset="cifar10", side=32, blocks=4, train=50000, test=5000, seeds=8)
    found = plan.shards(large, 0)
    assert [one.name for one in found] == [f"similarity-r{first}" for first in range(8)]
    assert [(one.settings["first_seed"], one.settings["seeds"]) for one in found] == [
        (first, 1) for first in range(8)
    ]
    (alone,) = plan.shards(Similarity(), 0)
    assert (alone.name, alone.settings["first_seed"], alone.settings["seeds"]) == ("similarity", 0, 7)


def test_shuffled_examples_leave_little_likeness(swept):
    assert cka(swept, "mixer", "shuffled sparse").mean() < 0.5 * cka(swept, "mixer", "sparse").mean()


def test_arms_have_the_connections_that_they_are_named_for():
    found = arms(6, 3, 2, 64)
    assert {name for name in found if name.startswith(ANOTHER)} == {f"{ANOTHER}{arm}" for arm in DRAWN_TWICE}
    found = {name: network for name, network in found.items() if not name.startswith(ANOTHER)}
    counts = {name: network.connections for name, network in found.items() if network.kind == "sparse"}
    assert counts == {"sparser": 72, "sparse": 216, "denser": 648, "dense": 36**2, "narrow": 15**2}
    assert {network.width for name, network in found.items() if name != "narrow"} == {36}
    assert not any(network.skip for network in found.values())


def test_all_that_is_found_can_be_stored(swept, spectra, tree):
    kept = flatten(swept).groups
    assert {f"/weights/{arm}" for arm in ("mixer", "sparse", "dense", "narrow", "another-dense")} < set(kept)
    assert flatten(spectra).variables
    assert flatten(tree).variables


def test_stored_weights_are_masked_and_spectra_are_those_of_the_effective_matrix(swept):
    weights = {arm: node["weights"].values for arm, node in swept["weights"].children.items()}
    assert (np.count_nonzero(weights["sparse"], axis=(2, 3)) <= 216).all()
    assert weights["mixer"].shape == (2, 4, 6, 6)
    effective = np.kron(np.eye(6), weights["mixer"][0, 0])
    found = singular_values.normalised(effective)
    expected = np.repeat(singular_values.normalised(weights["mixer"][0, 0]), 6)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert (found**2).mean() == pytest.approx(1.0)


def test_distances_between_spectra_are_paired_by_seed(spectra):
    one = {"dense": np.arange(24.0).reshape(2, 3, 4), "sparse": np.arange(24.0).reshape(2, 3, 4) + 1}
    np.testing.assert_allclose(singular_values.distances(one, "dense", "sparse"), 1.0)
    assert not np.array_equal(
        spectra["quantile"].sel(arm="another dense"), spectra["quantile"].sel(arm="dense")
    )
    assert (spectra["moved"] > 0).all()
    assert (spectra["moved"] < 0.5).all()


def test_differences_are_paired_by_hand(swept, tree):
    difference = (cka(swept, "mixer", "sparse") - cka(swept, "mixer", "narrow")).mean()
    found = tree["/claims/cka-sparse-match/difference/measured"]["estimate"].values
    assert found == pytest.approx([difference])
    control = (cka(swept, "another mixer", "permuted") - cka(swept, "another mixer", "mixer")).mean()
    found = tree["/claims/cka-rp-closer/closer/control"]["estimate"].values
    assert found == pytest.approx([control])


def test_another_dense_network_has_the_dense_ones_spectrum(tree):
    control = tree["/claims/spectrum-trained/distance/control"]["estimate"].values
    assert (control > 0).all()


def test_the_control_of_every_judged_test_is_there_and_figures_are_drawn(tree):
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert len(judge("s", "1", CLAIMS, tree)) == len(CLAIMS)
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} == set(drawings)
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_likeness_is_drawn_from_0_to_1_beside_its_legend(tree):
    """Intervals of few seeds reach further than CKA does."""
    curve = tree["/curves/similarity-features"].to_dataset()
    figure = figures.features(curve.assign(likeness_half=curve["likeness_half"] * 0 + 3)).figure
    (axes,) = figure.axes
    assert axes.get_ylim() == pytest.approx((-0.03, 1.03))
    assert axes.get_legend() is None
    assert len(figure.legends) == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"train": 1500, "test": 400},
            "1500 images to train on and 400 to test on are 1900; the digits have 1797",
        ),
        ({"batch": 2000}, "a batch of 2000 needs as many images, not 1000"),
        ({"test": 2}, "test is 2, but it must be a whole number from 50"),
        ({"side": 256}, "side is 256, but it must be a whole number from 4 to 64"),
        ({"rate": 1000.0}, "rate is 1000.0, but it must be"),
        ({"blocks": 1000000}, "blocks is 1000000, but it must be a whole number from 1 to 16"),
        ({"factor": 16}, "factor 16 times the matching density 1/16"),
        (
            {"dataset": "cifar10", "train": 60000},
            "cifar10 has 50000 images to train on and 10000 to test on, not",
        ),
    ],
)
def test_sizes_that_cannot_work_are_refused_with_the_config(values, message):
    config = {"run": "a", "studies": {"pk_mixer": {"similarity": values}}}
    with pytest.raises(ConfigError, match=message):
        load(config, "config.yaml")
