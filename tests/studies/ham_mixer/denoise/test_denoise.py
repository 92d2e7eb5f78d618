"""Memories that denoise: their updates and energies, what is stored of them, and how that is judged."""

import numpy as np
import pytest
import torch
import xarray as xr
from pydantic import ValidationError
from tests.studies.controls import assert_judged_tests_have_controls, assert_only_controls_are_refuted

from widthscope.associative_memory.lagrangians import RELU
from widthscope.associative_memory.memory import Memory
from widthscope.datasets import digits
from widthscope.ensembles.members import Members
from widthscope.streams import torch_generator
from widthscope.studies.base import SHARD_SECONDS
from widthscope.studies.ham_mixer.denoise import experiment, figures, fit, network, plan
from widthscope.studies.ham_mixer.denoise.claims import CLAIMS
from widthscope.studies.ham_mixer.denoise.settings import Denoise
from widthscope.work import Work

SETTINGS = Denoise(hidden=24, train=300, test=30, batch=50, epochs=5, seeds=3, longer=12)


def planned(settings, seed=7):
    return plan.shards(settings, seed)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(images):
    (shard,) = planned(SETTINGS)
    return {shard.name: experiment.run(shard.settings, images, Work())}


def networks(tied, members=2, hidden=5, pixels=9):
    generators = [torch.Generator().manual_seed(seed) for seed in range(members)]
    drawn = [network.draw(hidden, pixels, tied, each) for each in generators]
    return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}


def states(members=2, images=4, pixels=9):
    generator = torch.Generator().manual_seed(5)
    return torch.randn(members, images, pixels, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("tied", [True, False])
def test_two_hidden_layers_are_those_of_the_memory_with_an_empty_channel_layer(tied):
    parameters, x = networks(tied), states()
    forward = parameters["forward"][:, None]
    back = forward.mT if tied else parameters["backward"][:, None]
    empty = torch.zeros(2, 1, 0, 1, dtype=torch.float64)
    memory = Memory(forward, empty, back, empty.mT, RELU)
    assert torch.allclose(network.energy(parameters, x), memory.energy(x[..., None]), rtol=1e-12)
    moved = 0.9 * x + 0.1 * memory.update(x[..., None])[..., 0]
    assert torch.allclose(network.update(parameters, x, 0.1), moved, rtol=1e-12)


def test_update_and_energy_are_the_sums_over_both_layers():
    parameters, x = networks(tied=True), states()
    g = (x - x.mean(-1, keepdim=True)) / x.std(-1, correction=0, keepdim=True)
    layers = parameters["forward"].split(5, dim=1)
    drive = sum(torch.relu(g @ layer.mT) @ layer for layer in layers)
    energy = -sum(torch.relu(g @ layer.mT).square().sum(-1) / 2 for layer in layers)
    assert torch.allclose(network.update(parameters, x, 0.25), 0.75 * x + 0.25 * drive, rtol=1e-12)
    assert torch.allclose(network.energy(parameters, x), energy, rtol=1e-12)


def test_drive_is_minus_the_energys_gradient_in_the_normalised_state():
    parameters, x = networks(tied=True), states()
    g = network.normalised(x).requires_grad_()
    (slope,) = torch.autograd.grad(network.energy(parameters, g).sum(), g)
    drive = network.update(parameters, x, 1.0)
    # The energy normalises again: its gradient lacks what lies along 1 and along g.
    axes = (torch.ones_like(g), g.detach())
    projected = drive - sum((drive * axis).mean(-1, keepdim=True) * axis for axis in axes)
    assert torch.allclose(-slope, projected, atol=1e-10)


def test_distance_is_two_less_twice_the_correlation():
    x, y = states(), states().flip(1)
    correlation = [
        [np.corrcoef(a, b)[0, 1] for a, b in zip(*pair, strict=True)] for pair in zip(x, y, strict=True)
    ]
    assert np.allclose(network.distance(x, y), 2 - 2 * np.array(correlation), atol=1e-12)


def test_images_have_norm_one_and_colours_become_grey(images):
    pixels = experiment.unit_images(images["digits"])
    assert torch.allclose(pixels.square().sum(1), torch.ones(len(pixels)), atol=1e-6)
    grey = images["digits"]["image"].isel(sample=slice(5))
    coloured = xr.Dataset(
        {"image": xr.concat([grey, grey, grey], "channel").transpose("sample", "channel", ...)}
    )
    assert torch.allclose(experiment.unit_images(coloured), pixels[:5], atol=1e-6)


def test_images_are_the_same_whatever_number_of_them_is_turned_grey_at_once(images, monkeypatch):
    whole = experiment.unit_images(images["digits"])
    monkeypatch.setattr(experiment, "ROWS", 500)
    assert torch.equal(experiment.unit_images(images["digits"]), whole)


def test_images_that_a_data_set_keeps_for_tests_are_not_trained_on(images):
    dataset = images["digits"].isel(sample=slice(60)).assign(test=("sample", np.arange(60) % 3 == 0))
    settings = {"train": 40, "test": 15, "noise": 0.0, "seed": 7, "seeds": [0, 1]}
    unit = experiment.unit_images(dataset)
    for part in experiment._parts_of_seeds(dataset, settings):
        for name, kept in (("train", False), ("test", True)):
            rows = torch.cdist(part[name], unit).argmin(1).tolist()
            assert len(rows) == settings[name] == len(set(rows))
            assert all((row % 3 == 0) == kept for row in rows)


def test_noise_of_a_step_is_drawn_from_the_stream_of_its_seed_and_step():
    settings = {"train": 6, "batch": 2, "epochs": 2, "noise": 0.5, "seed": 7}
    members = Members.grid(seed=(3, 1))
    parts = [{"train": torch.randn(6, 4)} for _ in range(2)]
    batches = experiment._NoisyBatches(settings, members, parts, "cpu")
    for step in (0, 1, 4, 2):
        batch = batches(step)
        for place, seed in enumerate((3, 1)):
            generator = torch_generator("ham_mixer", "denoise.noise", 7, seed, step)
            expected = batch["clean"][place] + 0.5 * torch.randn(2, 4, generator=generator)
            assert torch.equal(batch["noisy"][place], expected)


def test_trained_memories_denoise_and_controls_are_refuted(stored):
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    assert_judged_tests_have_controls(CLAIMS, tree)
    assert_only_controls_are_refuted("ham_mixer", "2406.12220", CLAIMS, tree)
    table = stored["denoise"]["tied"].to_dataset().sel(networks="trained")
    assert np.all(table["error"].sel(updates=10) < table["error"].sel(updates=0))
    assert np.all(table["rose"] == 0)
    assert np.all(table["largest_rise"] < 0)


def test_arms_share_their_start(stored):
    tied, untied = (
        stored["denoise"][arm].to_dataset().sel(networks="untrained") for arm in ("tied", "untied")
    )
    assert tied["energy"].isel(updates=0).equals(untied["energy"].isel(updates=0))
    assert tied["error"].isel(updates=0).equals(untied["error"].isel(updates=0))


def test_seeds_in_jobs_of_their_own_change_no_number(images, stored):
    (shard,) = planned(SETTINGS)
    alone = experiment.run({**shard.settings, "seeds": [1, 2]}, images, Work())
    whole = stored["denoise"]["tied"].to_dataset()
    xr.testing.assert_allclose(
        alone["tied"].to_dataset()["error"], whole["error"].sel(seed=[1, 2]), rtol=1e-4
    )


def test_figures_tell_the_numbers_that_are_stored(stored):
    tree = xr.DataTree.from_dict(fit.fit(stored, {}))
    drawings = figures.draw(tree)
    assert {claim.figure for claim in CLAIMS} <= set(drawings)
    error = tree["/curves/denoise/tied"]["error"].sel(updates=10).item()
    assert f"{error:.3f}" in drawings["denoise-energy"].caption
    for drawing in drawings.values():
        assert "nan" not in drawing.caption + drawing.alt


def test_mosaic_lays_images_row_by_row_with_gaps():
    table = np.arange(2 * 3 * 2 * 2, dtype=float).reshape(2, 3, 2, 2)
    whole = figures.mosaic(table)
    assert whole.shape == (5, 8)
    assert np.array_equal(whole[3:5, 6:8], table[1, 2])
    assert np.isnan(whole[2]).all()
    assert np.isnan(whole[:, 2]).all()


@pytest.mark.parametrize(
    ("epochs", "seeds", "count"),
    [(2, 12, 6), (2, 13, 6), (100, 8, 8), (100, 3, 2)],
)
def test_jobs_have_pairs_of_seeds_and_every_network_is_trained_once(epochs, seeds, count):
    shards = planned(
        Denoise(dataset="cifar10", hidden=900, train=10_000, test=1000, epochs=epochs, seeds=seeds)
    )
    assert len(shards) == count == len({shard.name for shard in shards})
    trained = sorted(
        (arm, seed) for shard in shards for arm in shard.settings["arms"] for seed in shard.settings["seeds"]
    )
    assert trained == [(arm, seed) for arm in plan.ARMS for seed in range(seeds)]
    assert all(len(shard.settings["seeds"]) >= 2 for shard in shards)


def test_what_fits_under_the_limit_of_a_shard_stays_under_it():
    shards = planned(Denoise(seeds=1000))
    assert len(shards) > 1
    assert all(shard.cost.seconds < SHARD_SECONDS + plan.STARTUP for shard in shards[:-1])


def test_jobs_of_single_arms_and_seeds_are_put_together_again(images, stored):
    (shard,) = planned(SETTINGS)
    parts = {
        f"denoise-{arm}-from{seeds[0]}": experiment.run(
            {**shard.settings, "arms": [arm], "seeds": seeds}, images, Work()
        )
        for arm in plan.ARMS
        for seeds in ([1, 2], [0])
    }
    apart, whole = fit.fit(parts, {}), fit.fit(stored, {})
    assert set(apart) == set(whole)
    for path in ("/claims/denoise/error/measured", "/claims/denoise/errors/measured"):
        xr.testing.assert_allclose(apart[path], whole[path], rtol=1e-3)
    xr.testing.assert_allclose(apart["/curves/denoise-shown"], whole["/curves/denoise-shown"], atol=1e-2)


def test_initial_couplings_are_a_part_of_those_of_full_size():
    full, small = (
        network.draw(5, 9, False, torch.Generator().manual_seed(3), *scale) for scale in ((), (0.1,))
    )
    assert float(full["forward"].abs().max()) <= (6 / 14) ** 0.5
    for name, value in full.items():
        assert torch.allclose(0.1 * value, small[name])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"train": 1700, "test": 100}, "1700 training and 100 test images are more than the 1797 of digits"),
        (
            {"dataset": "cifar10", "train": 50_001},
            "50001 training and 400 test images are more than the 50000 and 10000 of cifar10",
        ),
        ({"train": 50, "batch": 51}, "batch 51 must be at most train, 50"),
        ({"updates": 31}, "longer 30 must be at least updates, 31"),
        ({"noise": 1e6}, "less than or equal to 1"),
        ({"rate": 2.0}, "less than or equal to 1"),
        ({"scale": 0.0}, "greater than 0"),
    ],
)
def test_sizes_that_cannot_be_are_refused_when_they_are_read(changed, message):
    with pytest.raises(ValidationError, match=message):
        Denoise(**changed)
