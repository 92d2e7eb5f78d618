"""From trained mixers to the verdict on the energies of their blocks."""

import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.controls import assert_judged_tests_have_controls

from widthscope.associative_memory.rises import rose
from widthscope.config import load
from widthscope.datasets import digits
from widthscope.errors import ConfigError
from widthscope.mixers import image_mixer
from widthscope.mixers.designs import ARMS, Shape
from widthscope.statistics.claims import judge
from widthscope.studies.ham_mixer.trained_energy import experiment, figures, fit, plan
from widthscope.studies.ham_mixer.trained_energy.claims import CLAIMS
from widthscope.studies.ham_mixer.trained_energy.settings import TrainedEnergy
from widthscope.work import Work

SETTINGS = TrainedEnergy(
    channels=12,
    token_hidden=12,
    channel_hidden=24,
    train=300,
    test=20,
    batch=50,
    epochs=4,
    seeds=3,
    iterations=12,
)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    return {"digits": digits.prepare({}, tmp_path_factory.mktemp("digits"))}


@pytest.fixture(scope="module")
def stored(images):
    return {
        shard.name: experiment.run(shard.settings, images, Work()) for shard in plan.shards(SETTINGS, seed=7)
    }


@pytest.fixture(scope="module")
def tree(stored):
    return xr.DataTree.from_dict(fit.fit(stored, {}))


def test_symmetric_blocks_never_raise_their_energy_and_the_others_do(stored):
    tables = fit.tables_of(stored)
    for activation in ("relu", "gelu"):
        assert float(tables[activation, "sym"]["rise"].max()) <= fit.TOLERANCE
        assert float(fit.risen(tables[activation, "para"]).mean()) > 0.5
        assert float(fit.risen(tables[activation, "neg"]).mean()) > 0.5


def test_the_rules_tell_free_couplings_from_symmetric_ones(tree):
    (verdict,) = judge("ham_mixer", "2406.12220", CLAIMS, tree)
    tests = {test.name: test for test in verdict.tests}
    assert tests["largest-rise"].verdict == "supported"
    assert tests["largest-rise"].control.verdict == "refuted"
    rises = tests["largest-rise"].components
    assert all(-1 <= one.estimate < fit.TOLERANCE and one.n == 3 for one in rises)  # shares, of three seeds
    assert tests["largest-rise"].margin == fit.TOLERANCE
    assert tests["free"].verdict != "refuted"
    assert tests["free"].control.verdict != "supported"
    assert all(component.estimate < 0 for component in tests["free"].control.components)
    assert_judged_tests_have_controls(CLAIMS, tree)


@pytest.mark.parametrize("name", ["sym", "para", "neg"])
def test_energies_are_those_of_the_networks_own_block(name):
    """The first application leads to the state that the network itself has after its first block."""
    arm, shape = ARMS[name], Shape(blocks=1, channels=6, token_hidden=5, channel_hidden=7)
    drawn = [image_mixer.draw(arm, shape, torch.Generator().manual_seed(seed)) for seed in range(2)]
    parameters = {key: torch.stack([one[key] for one in drawn]) for key in drawn[0]}
    pixels = torch.randn(2, 3, 1, 8, 8, generator=torch.Generator().manual_seed(9))
    energy = experiment.block_energies(arm, shape, parameters, pixels, 2)
    _, after = image_mixer.states(arm, shape, parameters, pixels.double())
    x = after.transpose(1, 2)
    g = (x - x.mean((-2, -1), keepdim=True)) / x.std((-2, -1), correction=0, keepdim=True)
    phi = torch.distributions.Normal(0.0, 1.0)

    def potential(z):
        tail = z * (2 / torch.pi) ** 0.5 * torch.exp(-z.square() / 2)
        return (z.square() + (z.square() - 1) * (2 * phi.cdf(z) - 1) + tail).sum((-2, -1)) / 4

    tokens = torch.einsum("mhs,mbsc->mbhc", parameters["token"][:, 0], g)
    channels = torch.einsum("mhc,mbsc->mbsh", parameters["channel"][:, 0], g)
    wanted = -potential(tokens) - potential(channels)
    assert torch.allclose(energy[1], wanted, rtol=0, atol=1e-3)  # the network adds 1e-6 to the variance
    assert rose(energy).shape == (2, 3)


def test_seeds_in_shards_of_their_own_give_the_same_numbers(images, stored):
    (shard,) = plan.shards(SETTINGS, seed=7)
    split = {}
    for seed in range(3):
        runs = [{"activation": "relu", "arm": arm, "seeds": [seed]} for arm in ("sym", "para")]
        split[f"trained-energy-s{seed}"] = experiment.run({**shard.settings, "runs": runs}, images, Work())
    together, apart = fit.tables_of(stored), fit.tables_of(split)
    for arm in ("sym", "para"):
        one, other = together["relu", arm], apart["relu", arm]
        assert list(other["seed"].values) == [0, 1, 2]
        assert np.allclose(one["rise"], other["rise"], atol=1e-3)
        assert np.array_equal(one["accuracy"], other["accuracy"])
        assert one["energy"].shape == other["energy"].shape


def test_a_network_that_diverged_counts_as_not_measured(stored):
    table = fit.tables_of(stored)["relu", "para"].copy(deep=True)
    table["rise"][0] = np.nan
    assert np.isnan(fit.risen(table)[0])
    assert np.isnan(fit.typical(table)[0])


def test_the_figure_is_drawn(tree):
    (drawing,) = figures.draw(tree).values()
    assert "symmetric 0.00" in drawing.caption
    assert {claim.figure for claim in CLAIMS} == set(figures.draw(tree))


def test_long_trainings_have_shards_of_their_own():
    arms = plan.shards(TrainedEnergy(epochs=60), 0)
    assert len(arms) == 8
    assert arms[0].name == "trained-energy-relu-sym"


@pytest.mark.parametrize(
    ("seeds", "groups"), [(3, [[0, 1, 2]]), (4, [[0, 1], [2, 3]]), (5, [[0, 1], [2, 3, 4]])]
)
def test_networks_of_the_papers_size_are_trained_in_pairs_of_seeds(seeds, groups):
    paper = TrainedEnergy(dataset="cifar10", patch=4, channels=128, train=50000, seeds=seeds)
    shards = plan.shards(paper, 0)
    assert len(shards) == 8 * len(groups) == len({shard.name for shard in shards})
    runs = [run for shard in shards for run in shard.settings["runs"]]
    found = [run["seeds"] for run in runs if (run["activation"], run["arm"]) == ("gelu", "parasym")]
    assert found == groups
    assert shards[-1].name == f"trained-energy-gelu-parasym-s{groups[-1][0]}"


def test_what_is_said_of_sizes_is_true_of_other_data_sets_too(tree):
    assert "at the default sizes 8 by 8 digits" in CLAIMS[0].statement
    caption = figures.draw(tree)["energy-trained"].caption
    assert "2 blocks, 4 epochs of 300 images of digits" in caption


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"train": 1790}, "1790 training and 60 test images are more than the 1797 of digits"),
        ({"batch": 800}, "batch is 800 and train is 700: .* batch must be at most train"),
        ({"patch": 3}, "patches of side 3 do not tile images of side 8"),
        ({"rate": 1e9}, "rate"),
        ({"weight_decay": 1000.0}, "weight_decay"),
        ({"channels": 1}, "channels"),
    ],
)
def test_sizes_that_do_not_fit_are_refused_when_the_config_is_read(wrong, message):
    with pytest.raises(ConfigError, match=message):
        load({"run": "a", "studies": {"ham_mixer": {"trained_energy": wrong}}}, "config.yaml")
