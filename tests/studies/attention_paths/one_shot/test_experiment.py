import numpy as np
import pytest
import torch
from tests.studies.attention_paths.one_shot.made_images import SHORT, made_digits, made_omniglot, swept

from widthscope import store as stores
from widthscope.studies.attention_paths.one_shot import network, plan
from widthscope.studies.attention_paths.one_shot.episodes import SETS, episode_set, images
from widthscope.studies.attention_paths.one_shot.settings import Architecture, OneShot


@pytest.fixture(scope="module")
def stored():
    return swept()


def test_the_store_has_every_nets_weights_and_accuracies(stored):
    episodes = {"net": 3, "update": 5, "set": 3}
    weights = {"layer": 2, "head": 2, "key": 3, "feature": 26, "hidden": 8, "hidden_out": 8, "hidden_in": 8}
    assert dict(stored.sizes) == {**episodes, **weights, "sample": 120, "row": 8, "col": 8}
    assert stored["values"].dims == ("net", "layer", "head", "hidden_out", "hidden_in")
    assert stored["net"].values.tolist() == [0, 1, 2]
    assert (stored["diverged_at"] == -1).all()
    assert np.isfinite(stored["loss"]).all()
    shape = {"layers": 2, "heads": 2, "key_dim": 3, "width": 8}
    images_of = {"dataset": "digits", "patch": 4, "orientations": 8, "largest": 16.0}
    assert stored.attrs == {"seed": 3, **images_of, **shape}
    assert stored["image"].dtype == np.uint8
    np.testing.assert_array_equal(stored["image"].values, made_digits()["image"].values)
    np.testing.assert_array_equal(stored["novel"].values, made_digits()["label"].values >= 7)


def test_every_set_is_made_again_from_the_store(stored):
    """Accuracies that the experiment measured are those of the stored weights on sets made from the store."""
    found = images(stored)
    for place, net in enumerate(stored["net"].values):
        names = ("queries", "keys", "value_0", "values", "readout")
        parameters = {name: torch.from_numpy(stored[name].values[[place]]) for name in names}
        for name in stored["set"].values:
            own = episode_set(found, name, 30, stored.attrs["seed"], int(net))
            right = network.outputs(parameters, own.tokens[None])[0] * own.labels > 0
            wanted = float(stored["accuracy"].sel(net=net, set=name))
            assert float(right.double().mean()) == pytest.approx(wanted)


def test_a_net_is_the_same_in_whatever_block_it_is_trained(stored):
    again = swept(first_net=1, nets=2)
    assert again["net"].values.tolist() == [1, 2]
    for name in ("queries", "values", "loss", "accuracy"):
        np.testing.assert_array_equal(again[name], stored[name].isel(net=[1, 2]))


def test_networks_learn_episodes_of_classes_they_know():
    settings = SHORT.model_copy(update={"episodes": 4000, "batch": 64, "steps": 250, "evaluated": 400})
    found = swept(settings.model_copy(update={"architectures": (Architecture(width=16, key_dim=8),)}))
    assert float(found["loss"][:, -50:].mean()) < 0.8 * float(found["loss"][:, :10].mean())
    assert (found["accuracy"].sel(set="familiar") > 0.6).all()  # chance is 0.5, with a deviation of 0.025


def test_characters_of_the_evaluation_part_are_novel():
    found = swept(SHORT.model_copy(update={"dataset": "omniglot"}))
    assert found["image"].shape == (70, 32, 32)
    np.testing.assert_array_equal(found["novel"].values, made_omniglot()["part"].values)
    assert found.sizes["feature"] == 64 + 16 + 6
    assert set(SETS) >= set(found["set"].values)
    assert found.attrs["orientations"] == 1


def test_more_nets_and_shapes_leave_the_blocks_there_are():
    few = plan.shards(OneShot(nets=7, nets_per_job=3), 0)
    shapes = (Architecture(), Architecture(heads=8))
    more = plan.shards(OneShot(nets=9, nets_per_job=3, architectures=shapes), 0)
    assert [shard.settings["first_net"] for shard in few] == [0, 3, 6]
    assert [shard.settings["nets"] for shard in few] == [3, 3, 1]
    assert len({shard.name for shard in more}) == len(more) == 6
    assert more[:2] == few[:2]
    assert more[2].name == few[2].name
    assert more[2].settings["nets"] == 3


def test_what_the_theory_reads_changes_no_training():
    """And the store's size at paper scale does not ask for a machine that nobody has."""
    default = OneShot()
    edited = default.model_copy(update={"theory": default.theory.model_copy(update={"episodes": 300})})
    for one, other in zip(plan.shards(default, 0), plan.shards(edited, 0), strict=True):
        assert (one.settings, one.cost) == (other.settings, other.cost)
        assert one.spectra_settings != other.spectra_settings
    large = OneShot(dataset="omniglot", architectures=(Architecture(heads=8, key_dim=64, width=512),))
    assert all(shard.cost.memory_mb < 24000 for shard in plan.shards(large, 0))


def test_a_batch_larger_than_the_episodes_is_refused():
    with pytest.raises(ValueError, match="a batch of 128 needs as many episodes, not 100"):
        OneShot(episodes=100)


def test_the_store_gives_the_same_episodes_after_the_disk(stored, tmp_path):
    store, digest = tmp_path / "shard.zarr", tmp_path / "shard.json"
    stores.write(stored, store, digest)
    back = stores.read(store, digest).to_dataset()
    for name in ("theory", "test"):
        one, other = (episode_set(images(each), name, 20, 3, 2) for each in (stored, back))
        assert torch.equal(one.tokens, other.tokens)
        assert torch.equal(one.labels, other.labels)
