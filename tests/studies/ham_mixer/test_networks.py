"""What arms, seeds and members of a training share, and what they do not."""

import numpy as np
import pytest
import torch
import xarray as xr

from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.ensembles.members import Members
from widthscope.mixers import tied
from widthscope.mixers.designs import ARMS, Shape
from widthscope.mixers.symmetry import HALF_TIED
from widthscope.studies.ham_mixer import networks
from widthscope.studies.ham_mixer.networks import Recipe, Stream
from widthscope.work import Work

SHAPE = Shape(channels=8, token_hidden=8, channel_hidden=8, blocks=2)
RECIPE = Recipe(rate=0.01, epochs=2, batch=20)
STREAM = Stream("test", 3)
SEEDS = (0, 1, 2)


@pytest.fixture(scope="module")
def dataset():
    generator = np.random.default_rng(0)
    label = np.arange(120) % 10
    image = generator.standard_normal((10, 8, 8))[label] + 0.5 * generator.standard_normal((120, 8, 8))
    return xr.Dataset({"image": (("sample", "row", "col"), image), "label": ("sample", label)})


@pytest.fixture(scope="module")
def images(dataset):
    return networks.images_of(dataset, STREAM, SEEDS, (60, 40))


def trained(arm, members, images, recipe=RECIPE, **options):
    return networks.train_arm(ARMS[arm], SHAPE, recipe, members, images, STREAM, Work(), arm, **options)


def test_a_seeds_split_does_not_depend_on_the_other_seeds(dataset, images):
    alone = networks.images_of(dataset, STREAM, [2], (60, 40))
    for part, other in zip(alone.parts, images.parts, strict=True):
        assert torch.equal(part.pixels[0], other.pixels[2])
        assert torch.equal(part.labels[0], other.labels[2])
    assert images.parts[0].pixels.shape == (3, 60, 1, 8, 8)
    assert not torch.equal(images.parts[0].labels[0], images.parts[0].labels[1])


def test_the_last_part_is_of_the_images_that_a_data_set_keeps_for_tests(dataset):
    kept = np.arange(120) % 3 == 0
    marked = dataset.assign(label=("sample", np.arange(120)), test=("sample", kept))
    learned, tested = networks.images_of(marked, STREAM, SEEDS, (60, 40)).parts
    assert not kept[learned.labels.numpy()].any()
    assert kept[tested.labels.numpy()].all()
    assert learned.pixels.shape[:2] == (3, 60)
    assert all(sorted(row) == list(range(0, 120, 3)) for row in tested.labels.tolist())


def test_families_and_runs_have_streams_of_their_own():
    drawn = {
        float(torch.rand(1, generator=stream(purpose, seed)))
        for stream in (Stream("a", 0), Stream("a", 1), Stream("b", 0))
        for purpose in ("split", "weights")
        for seed in (0, 1)
    }
    assert len(drawn) == 12


def test_every_batch_holds_the_images_of_the_members_own_seed(images):
    members = Members.grid(seed=(2, 0), penalty=(0.0, 1.0))
    seen = []

    def look(parameters):
        seen.append(parameters["embed"].clone())
        return {"nothing": torch.zeros(len(members))}

    rows = images.rows(members)
    assert rows.tolist() == [2, 2, 0, 0]
    batches = networks.batches_of(
        images.parts[0], rows, torch.arange(20).expand(4, 1, 20), members.tensor("penalty")
    )(0)
    for place, row in enumerate(rows):
        assert torch.equal(batches["images"][place], images.parts[0].pixels[row, :20])
        assert torch.equal(batches["labels"][place], images.parts[0].labels[row, :20])
    assert batches["penalty"].tolist() == [0.0, 1.0, 0.0, 1.0]


def test_rates_and_penalties_of_members_are_their_own(images):
    both = trained("asym", Members.grid(seed=(0, 1), rate=(0.01, 0.003), penalty=(0.0, 0.1)), images)
    alone = trained("asym", Members.grid(seed=(1,), rate=(0.003,), penalty=(0.1,)), images)
    for name, value in alone.parameters.items():
        assert torch.equal(both.parameters[name][-1], value[0]), name


def test_a_member_without_a_rate_has_the_recipes(images):
    named = trained("para", Members.grid(seed=(0,), rate=(0.01,)), images)
    unnamed = trained("para", Members.grid(seed=(0,)), images)
    for name, value in unnamed.parameters.items():
        assert torch.allclose(named.parameters[name], value, rtol=1e-6, atol=1e-7), name


def test_the_penalty_adds_its_own_gradient(images):
    members = Members.grid(seed=(0, 1))
    parameters = networks.drawn(ARMS["asym"], SHAPE, STREAM, members)
    parameters = {name: value.double() for name, value in parameters.items()}
    parameters["readout"] = parameters["readout"] + 0.1
    batch = {
        "images": images.parts[0].pixels[:2, :10].double(),
        "labels": images.parts[0].labels[:2, :10],
        "penalty": torch.zeros(2, dtype=torch.float64),
    }

    def gradients(penalty):
        given = {**batch, "penalty": torch.tensor(penalty, dtype=torch.float64)}
        return value_and_gradients(lambda p, b: networks.losses(ARMS["asym"], SHAPE, p, b), parameters, given)

    (without, free), (with_it, held) = gradients([0.0, 0.0]), gradients([0.0, 0.3])
    assert float(with_it[0]) == float(without[0])
    assert float(with_it[1] - without[1]) == pytest.approx(0.3 * float(tied.breaking(parameters)[1]))
    for name in parameters:
        expected = 0.6 * parameters[name] if name.endswith("_back") else torch.zeros_like(parameters[name])
        assert torch.allclose(held[name][1] - free[name][1], expected[1], rtol=0, atol=1e-12), name
        assert torch.equal(held[name][0], free[name][0])


def test_losses_are_torchs_cross_entropy(images):
    members = Members.grid(seed=SEEDS)
    parameters = networks.drawn(ARMS["para"], SHAPE, STREAM, members)
    batch = {"images": images.parts[0].pixels, "labels": images.parts[0].labels, "penalty": torch.zeros(3)}
    found = networks.losses(ARMS["para"], SHAPE, parameters, batch)
    assert found.tolist() == pytest.approx([np.log(10)] * 3, abs=1e-6)  # the readout is 0


def test_accuracies_are_shares_of_images_and_do_not_depend_on_the_chunk(images):
    members = Members.grid(seed=SEEDS)
    after = trained("para", members, images, Recipe(rate=0.01, epochs=10, batch=20))
    arguments = (ARMS["para"], SHAPE, after.parameters, members, images)
    found = networks.accuracies(*arguments)
    assert torch.equal(found, networks.accuracies(*arguments, chunk=7))
    assert found.shape == (3, 2)
    assert torch.equal((found * torch.tensor([60, 40])).round(), found * torch.tensor([60, 40]))
    assert found[:, 0].min() > 0.3  # ten classes: 0.1 by chance
    broken = {**after.parameters, "readout": after.parameters["readout"].clone()}
    broken["readout"][1] = torch.nan
    lost = networks.accuracies(ARMS["para"], SHAPE, broken, members, images)
    assert lost.isnan().all(1).tolist() == [False, True, False]


def test_accuracies_do_not_depend_on_who_shares_the_batch(images):
    members = Members.grid(seed=SEEDS)
    after = trained("para", members, images)
    together = networks.accuracies(ARMS["para"], SHAPE, after.parameters, members, images)
    alone = {name: value[1:2] for name, value in after.parameters.items()}
    found = networks.accuracies(ARMS["para"], SHAPE, alone, members.take([1]), images)
    assert torch.equal(found, together[1:2])


def test_tied_arms_stay_tied_and_others_do_not(images):
    members = Members.grid(seed=SEEDS)
    rho = {}
    for arm in ("sym", "neg", "parasym", "asym"):
        recording = networks.symmetry_recording(ARMS[arm], (0, RECIPE.steps(60)))
        history = trained(arm, members, images, recordings=(recording,)).history
        rho[arm] = history["alignment"].mean(("member", "block", "pair")).values
        if arm == "asym":
            first = float(history["asymmetry"].isel(step=0).mean())
            assert first == pytest.approx(HALF_TIED, abs=0.03)
    assert rho["sym"] == pytest.approx([1, 1])
    assert rho["neg"] == pytest.approx([-1, -1])
    assert rho["parasym"][0] == pytest.approx(1)
    assert rho["parasym"][1] < 0.9999
