"""Images of every seed, and training of all seeds at once."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.datasets import digits
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.errors import DataError
from widthscope.studies.pk_mixer.initial_networks import values_of
from widthscope.studies.pk_mixer.networks import Network
from widthscope.studies.pk_mixer.training import (
    Recipe,
    accuracies,
    cross_entropy,
    images_of,
    measured,
    outputs,
    train_networks,
)
from widthscope.work import Work

PURPOSE = ("test", 5)
RECIPE = Recipe(train=200, test=100, noise=0.3, batch=50, epochs=2)
MIXER = Network("mixer", "standard", 4, 6)
KINDS = {
    "mixer": MIXER,
    "random-permuted": replace(MIXER, kind="random-permuted", design="isolated"),
    "sparse": replace(MIXER, kind="sparse", connections=100, design="sparse-ends", end_width=8),
}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    return digits.prepare({}, tmp_path_factory.mktemp("digits"))


def trained(network, images, seeds=(0, 1), recipe=RECIPE):
    return train_networks(network, images, recipe, seeds, PURPOSE, Work(), "test")


def test_a_seed_has_its_split_and_parts_are_disjoint_and_standardised(dataset):
    recipe = replace(RECIPE, noise=0.0)
    images = images_of(dataset, recipe, (3, 4), PURPOSE)
    assert images.train.pixels.shape == (2, 200, 64)
    assert images.test.labels.shape == (2, 100)
    for seed in (0, 1):
        pixels = images.train.pixels[seed].double()
        assert float(pixels.mean()) == pytest.approx(0, abs=1e-6)
        assert float(pixels.std(correction=0)) == pytest.approx(1, abs=1e-6)
    assert not torch.equal(images.train.labels[0], images.train.labels[1])
    alone = images_of(dataset, recipe, (4,), PURPOSE)
    assert torch.equal(alone.train.pixels[0], images.train.pixels[1])
    quiet, noisy = (images_of(dataset, replace(recipe, noise=n), (3,), PURPOSE) for n in (0.0, 0.7))
    assert torch.equal(quiet.test.labels, noisy.test.labels)
    noise = (noisy.train.pixels - quiet.train.pixels).double()
    assert float(noise.std()) == pytest.approx(0.7, abs=5 * 0.7 / (2 * noise.numel()) ** 0.5)


def test_a_dataset_with_test_images_of_its_own_is_split_by_them():
    marks = np.arange(40)
    dataset = xr.Dataset(
        {
            "image": (("sample", "row"), np.stack([marks, -marks], axis=1).astype(np.uint8)),
            "label": ("sample", marks % 10),
            "test": ("sample", marks % 4 == 0),
        }
    )
    recipe = Recipe(train=30, test=10, batch=10, epochs=1)
    images = images_of(dataset, recipe, (0,), PURPOSE)
    first = torch.tensor(np.stack([marks, (-marks) % 256], axis=1)[marks % 4 != 0]).double()
    found = images.train.pixels[0].double() * first.std(correction=0) + first.mean()
    assert sorted(found[:, 0].round().int().tolist()) == [mark for mark in range(40) if mark % 4]
    with pytest.raises(DataError, match=r"parts of \[31\] images need 31, and there are 30"):
        images_of(dataset, replace(recipe, train=31), (0,), PURPOSE)


def test_networks_learn_and_accuracy_is_the_share_of_right_answers(dataset):
    recipe = Recipe(train=400, test=300, batch=50, epochs=8, rate=1e-2)
    images = images_of(dataset, recipe, (0, 1), PURPOSE)
    found = trained(MIXER, images, recipe=recipe)
    loss = found.history["loss"].values
    assert (loss[:, -5:].mean(axis=1) < 0.5 * loss[:, :5].mean(axis=1)).all()
    shares = measured(found, images)
    assert (shares["test_accuracy"] > 0.3).all()  # guesses: 0.1, with a standard error of 0.017
    logits = outputs(found, images.test.pixels, chunk=64).logits
    by_hand = (logits.argmax(dim=-1) == images.test.labels).sum(dim=1) / 300
    assert torch.allclose(shares["test_accuracy"].float(), by_hand)
    broken = replace(found, history=found.history.assign(diverged_at=("member", [-1, 3])))
    assert accuracies(broken, images.test).isnan().tolist() == [False, True]


@pytest.mark.parametrize("network", KINDS.values(), ids=KINDS.keys())
def test_a_seeds_network_does_not_depend_on_the_other_seeds(dataset, network):
    seeds = (0, 1, 2)

    def run(members):
        own = tuple(int(seed) for seed in members.values("seed"))
        return trained(network, images_of(dataset, RECIPE, own, PURPOSE), own).values.trained

    assert dependent_on_company(run, Members.grid(seed=seeds)) == []


@pytest.mark.parametrize("network", KINDS.values(), ids=KINDS.keys())
def test_what_is_frozen_stays_and_the_rest_moves(dataset, network):
    frozen = replace(network, frozen=True)
    images = images_of(dataset, RECIPE, (0, 1), PURPOSE)
    before, after = values_of(frozen, (0, 1), PURPOSE), trained(frozen, images).values
    assert {f"mixing{place}" for place in (1, 2, 3, 4)} <= after.constant.keys()
    for name, value in before.constant.items():
        assert torch.equal(after.constant[name], value)
    for name, value in before.trained.items():
        assert not torch.equal(after.trained[name], value)


@pytest.mark.parametrize("blocks", [0, 2])
def test_what_a_readout_sees_is_found_once_and_changes_nothing_but_rounding(dataset, blocks, monkeypatch):
    network = replace(KINDS["random-permuted"], frozen=True, blocks=blocks)
    images = images_of(dataset, RECIPE, (0, 1), PURPOSE)
    once = trained(network, images)
    monkeypatch.setattr(Network, "learns_readout_alone", False)
    every_step = trained(network, images)
    assert torch.allclose(once.values.all()["readout"], every_step.values.all()["readout"], atol=1e-5)
    assert np.allclose(once.history["loss"], every_step.history["loss"], rtol=1e-5)
    assert not torch.equal(once.values.all()["readout"], values_of(network, (0, 1), PURPOSE).all()["readout"])


def test_no_connection_comes_to_life(dataset):
    network = KINDS["sparse"]
    images = images_of(dataset, RECIPE, (0, 1), PURPOSE)
    values = trained(network, images).values
    for name in (*network.layers, "stem", "head"):
        masked = values.constant[f"{name}_mask"] == 0
        assert masked.any()
        assert (values.trained[name][masked] == 0).all()


def test_features_do_not_depend_on_the_chunks(dataset):
    images = images_of(dataset, RECIPE, (0, 1), PURPOSE)
    found = trained(MIXER, images)
    whole, parts = (outputs(found, images.test.pixels, keep=True, chunk=size) for size in (100, 30))
    assert len(whole.features) == 4
    for one, other in zip(whole.features, parts.features, strict=True):
        assert one.shape == (2, 100, 24)
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-5)


def test_cross_entropy_is_that_of_torch():
    logits = torch.randn(3, 8, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    labels = torch.randint(5, (3, 8), generator=torch.Generator().manual_seed(1))
    expected = [torch.nn.functional.cross_entropy(a, b) for a, b in zip(logits, labels, strict=True)]
    assert torch.allclose(cross_entropy(logits, labels), torch.stack(expected), rtol=1e-12)
