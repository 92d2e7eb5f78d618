import numpy as np
import pytest
import torch
import xarray as xr
from tests.studies.attention_paths.one_shot.made_images import made_digits, made_omniglot

from widthscope.studies.attention_paths.one_shot import episodes
from widthscope.studies.attention_paths.one_shot.episodes import (
    SETS,
    EpisodeError,
    drawn,
    episode_set,
    images,
    pool,
)


def stored(each=12, orientations=8, patch=4, novel=7, digits=10):
    found = made_digits(each, digits)
    return xr.Dataset(
        {
            "image": found["image"] / 16,
            "label": found["label"],
            "novel": (found["label"] >= novel).astype(np.int8),
        },
        attrs={"patch": patch, "orientations": orientations, "largest": 1.0},
    )


def test_rows_are_the_eight_orientations_of_each_sample_cut_into_patches():
    given = stored()
    found = images(given)
    assert found.patches.shape == (120 * 8, 4, 16)
    pixels = given["image"].values[37]
    turned = [np.rot90(one, turn) for one in (pixels, pixels[:, ::-1]) for turn in range(4)]
    assert len({one.tobytes() for one in turned}) == 8
    for orientation, one in enumerate(turned):
        for place in range(4):
            row, col = 4 * (place // 2), 4 * (place % 2)
            patch = one[row : row + 4, col : col + 4].astype(np.float64).ravel()
            wanted = (patch - patch.mean()) / (patch.std() + 0.1)
            np.testing.assert_allclose(found.patches[37 * 8 + orientation, place], wanted, atol=2e-6)


def test_stored_bytes_are_the_images_that_they_stand_for():
    given = stored()
    whole = given.assign(image=(given["image"] * 16).astype(np.uint8)).assign_attrs(given.attrs, largest=16.0)
    assert torch.equal(images(whole).patches, images(given).patches)


def test_an_empty_patch_is_zero():
    given = stored()
    given["image"][3] = 0.25
    assert (images(given).patches[3 * 8 : 4 * 8] == 0).all()


def test_tokens_are_patches_beside_their_place_slot_and_label():
    found = images(stored())
    rows = torch.tensor([[5, 80, 7], [300, 2, 9]])
    first = torch.tensor([0, 1])
    tokens = episodes.tokens(found.patches, rows, first)
    assert tokens.shape == (2, 12, episodes.features(8, 4)) == (2, 12, 26)
    for episode in range(2):
        for slot in range(3):
            for place in range(4):
                wanted = np.zeros(26)
                wanted[:16] = found.patches[rows[episode, slot], place]
                label = 2 if slot == 2 else (int(first[episode]) + slot) % 2
                wanted[[16 + place, 20 + slot, 23 + label]] = 2
                np.testing.assert_array_equal(tokens[episode, 4 * slot + place], wanted)


@pytest.mark.parametrize("name", SETS)
def test_the_label_says_whether_the_querys_class_carries_a(name):
    """Against a look-up of every shown image's class."""
    rows = pool(images(stored()), name, 3, 0)
    class_of = {int(row): place for place, members in enumerate(rows) for row in members}
    assert len(class_of) == rows.numel()
    found = drawn(rows, name, 500, 3, 0)
    for shown, first, label in zip(found.rows.tolist(), found.first.tolist(), found.labels, strict=True):
        left, right, asked = (class_of[row] for row in shown)
        assert left != right
        assert asked in (left, right)
        assert shown[2] not in shown[:2]
        carries = first if asked == left else 1 - first
        assert label == (1 if carries == 0 else -1)


def test_classes_slots_labels_and_images_are_drawn_evenly():
    """Counts within 5 standard deviations; label and slot tell nothing of the answer."""
    rows = pool(images(stored()), "train", 3, 0)
    count = 20000
    found = drawn(rows, "train", count, 3, 0)
    class_of = torch.zeros(int(rows.max()) + 1, dtype=torch.long)
    class_of[rows] = torch.arange(len(rows))[:, None].expand_as(rows)
    shown = class_of[found.rows]
    in_left = (shown[:, 2] == shown[:, 0]).double()
    yes = (found.labels > 0).double()
    for one in (yes, found.first.double(), in_left, (yes == found.first), (yes == in_left)):
        assert abs(float(one.double().mean()) - 0.5) < 5 * 0.5 / count**0.5
    for slot in range(3):
        for values, among in ((shown[:, slot], len(rows)), (found.rows[:, slot], rows.numel())):
            counts = torch.unique(values, return_counts=True)[1].double()
            assert len(counts) == among
            assert float((counts - count / among).abs().max()) < 5 * (count / among) ** 0.5


def test_no_set_shows_an_image_of_another_whatever_its_orientation():
    """Except that the theory's episodes are of the images trained on."""
    given = stored()
    shown = {name: set((pool(images(given), name, 3, 0) // 8).flatten().tolist()) for name in SETS}
    assert shown["theory"] == shown["train"]
    others = [name for name in SETS if name != "theory"]
    for place, name in enumerate(others):
        novel = {bool(given["novel"].values[sample]) for sample in shown[name]}
        assert novel == {name in ("validation", "selection", "test")}
        for other in others[place + 1 :]:
            assert not shown[name] & shown[other], (name, other)
    assert sum(len(shown[name]) for name in others) > 110  # of 120: classes are cut to one size


def test_sets_nets_and_seeds_have_episodes_of_their_own_and_more_extend_them():
    found = images(stored())
    one = episode_set(found, "test", 40, 3, 0)
    again = episode_set(found, "test", 25, 3, 0)
    assert one.tokens.dtype == one.labels.dtype == torch.float32
    assert torch.equal(one.tokens[:25], again.tokens)
    assert torch.equal(one.labels[:25], again.labels)
    for name, seed, net in (("selection", 3, 0), ("test", 4, 0), ("test", 3, 1)):
        assert not torch.equal(one.labels, episode_set(found, name, 40, seed, net).labels)
    theory, train = (drawn(pool(found, "train", 3, 0), name, 40, 3, 0) for name in ("theory", "train"))
    assert not torch.equal(theory.rows, train.rows)
    assert not torch.equal(pool(found, "test", 3, 0), pool(found, "test", 3, 1))


def test_characters_are_not_turned():
    given = made_omniglot().rename(part="novel").assign_attrs(patch=7, orientations=1, largest=255.0)
    found = images(given)
    assert found.patches.shape == (70, 25, 49)
    assert pool(found, "train", 0, 0).shape == (4, 8)
    assert pool(found, "validation", 0, 0).shape == (3, 3)


@pytest.mark.parametrize(
    ("given", "name", "says"),
    [
        (stored(), "tests", "'tests'"),
        (stored(each=3), "selection", "24 of 1"),
        (stored(novel=10), "test", "0 of 0"),
        (stored(novel=9, orientations=1), "test", "1 of 4"),
    ],
)
def test_sets_that_cannot_be_drawn_are_named(given, name, says):
    with pytest.raises(EpisodeError, match=says):
        episode_set(images(given), name, 5, 0, 0)


def test_a_patch_that_does_not_divide_the_image_is_named():
    with pytest.raises(EpisodeError, match=r"8 x 8 pixels .* side 3"):
        images(stored(patch=3))
