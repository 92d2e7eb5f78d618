"""One-shot episodes: two labelled images of two classes, and a query of one of them, as tokens.

A token is a patch of an image, standardised, beside one-hot vectors of the patch's place, the image's slot
and its label. Images are shared out among the sets of episodes, for each network anew: no set shows an image
of another, except that ``theory`` takes its episodes, as the paper does, from the images trained on.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.errors import WidthscopeError
from widthscope.streams import numpy_generator

STUDY = "attention_paths"
SLOTS = 3
"""Images of an episode: two that are labelled, then the query."""

ONE = 2.0
"""The one of the one-hot vectors."""

FLOOR = 0.1
"""Added to a patch's standard deviation: an empty patch stays zero."""

AT_ONCE = 1000
"""Images that are turned and cut at once."""

UNIFORMS = 7
"""Random numbers of one episode."""

SHARES: Mapping[bool, tuple[tuple[str, float], ...]] = {
    False: (("train", 0.8), ("familiar", 1.0)),
    True: (("validation", 1 / 3), ("selection", 2 / 3), ("test", 1.0)),
}
"""Sets that share a class's images, and up to which part of them: classes trained on, and novel ones."""

SETS = ("train", "theory", "familiar", "validation", "selection", "test")


class EpisodeError(WidthscopeError):
    """Too few classes or images for episodes, or a set that does not exist."""


@dataclass(frozen=True)
class Images:
    """Images of a dataset, cut into patches.

    Attributes:
        patches: standardised, (sample * orientations + orientation, patch, pixel), float32.
        members: samples of each class, before it is turned, with whether the class is novel.
        orientations: turned and mirrored images of a sample, each of a class of its own; 1 or 8.
    """

    patches: Tensor
    members: tuple[tuple[np.ndarray, bool], ...]
    orientations: int


@dataclass(frozen=True)
class Drawn:
    """Episodes by the images that they show.

    Attributes:
        rows: rows of `Images.patches`, (episode, slot).
        first: label of slot 0, (episode,): 0 for A, 1 for B; slot 1 has the other.
        labels: +1 where the query's class carries label A, else -1, (episode,), float32.
    """

    rows: Tensor
    first: Tensor
    labels: Tensor


@dataclass(frozen=True)
class Episodes:
    """Episodes as a network sees them.

    Attributes:
        tokens: (episode, token, feature), float32.
        labels: +1 or -1, (episode,), float32.
    """

    tokens: Tensor
    labels: Tensor


def images(stored: xr.Dataset) -> Images:
    """The images of a store as from `experiment.run`.

    Args:
        stored: ``image`` (sample, row, col), ``label`` (sample), ``novel`` (sample), 1 for classes
            that are kept from training; attributes ``patch``, ``orientations`` and ``largest``, by which
            pixels are divided.

    Raises:
        EpisodeError: if images are not square, or the patch does not divide their side.
    """
    pixels = torch.from_numpy(stored["image"].values)
    label, novel = stored["label"].values, stored["novel"].values
    side, patch = pixels.shape[1], int(stored.attrs["patch"])
    if pixels.shape[2] != side or side % patch:
        raise EpisodeError(
            f"images of {side} x {pixels.shape[2]} pixels cannot be cut into patches of side {patch}"
        )
    orientations, largest = int(stored.attrs["orientations"]), float(stored.attrs["largest"])
    patches = torch.empty((len(pixels), orientations, (side // patch) ** 2, patch**2))
    for place in range(0, len(pixels), AT_ONCE):
        shown = pixels[place : place + AT_ONCE].float() / largest
        for orientation in range(orientations):
            patches[place : place + AT_ONCE, orientation] = _patches(_turned(shown, orientation), patch)
    members = tuple(
        (np.flatnonzero(label == one), bool(novel[label == one].any())) for one in np.unique(label)
    )
    return Images(patches.flatten(0, 1), members, orientations)


def _turned(pixels: Tensor, orientation: int) -> Tensor:
    """The images in one of eight orientations: four turns, then four of the mirror images."""
    return torch.rot90(pixels if orientation < 4 else pixels.flip(2), orientation % 4, dims=(1, 2))


def _patches(pixels: Tensor, patch: int) -> Tensor:
    """Standardised patches (sample, patch, pixel) of images."""
    cells = pixels.unfold(1, patch, patch).unfold(2, patch, patch).reshape(len(pixels), -1, patch * patch)
    mean = cells.mean(dim=2, keepdim=True)
    std = (cells - mean).square().mean(dim=2, keepdim=True).sqrt()
    return (cells - mean) / (std + FLOOR)


def pool(found: Images, name: str, seed: int, net: int) -> Tensor:
    """Rows of `Images.patches` that a set's episodes may show, (class, image).

    Classes have equally many images: as many as the smallest has.

    Args:
        found: the images.
        name: one of `SETS`.
        seed: of the run.
        net: which network's images.

    Raises:
        EpisodeError: if there is no such set, or it has fewer than 2 classes or 2 images of a class.
    """
    if name not in SETS:
        raise EpisodeError(f"there is no set of episodes {name!r}; there are {', '.join(SETS)}")
    owner = "train" if name == "theory" else name
    generator = numpy_generator(STUDY, "one_shot", "images", seed, net)
    chosen = []
    for samples, novel in found.members:
        order = generator.permutation(samples)
        begin = 0.0
        for one, end in SHARES[novel]:
            if one == owner:
                chosen.append(order[round(begin * len(order)) : round(end * len(order))])
            begin = end
    count = min((len(one) for one in chosen), default=0)
    classes = len(chosen) * found.orientations
    if count < 2 or classes < 2:
        raise EpisodeError(
            f"episodes of the set {name!r} need 2 classes of 2 images, and there are {classes} of {count}"
        )
    shared = torch.from_numpy(np.stack([one[:count] for one in chosen]))
    rows = shared[:, None] * found.orientations + torch.arange(found.orientations)[:, None]
    return rows.flatten(0, 1)


def drawn(rows: Tensor, name: str, count: int, seed: int, net: int) -> Drawn:
    """Episodes of a set; more of them only extend the list.

    Args:
        rows: what may be shown, (class, image), as from `pool`.
        name: the set's.
        count: number of episodes.
        seed: of the run.
        net: which network's episodes.
    """
    generator = numpy_generator(STUDY, "one_shot", "episodes", name, seed, net)
    uniform = torch.from_numpy(generator.random((count, UNIFORMS)))

    def below(place: int, end: int) -> Tensor:
        return (uniform[:, place] * end).long()

    classes, size = rows.shape
    left = below(0, classes)
    right = (left + 1 + below(1, classes - 1)) % classes
    images_left, images_right = below(2, size), below(3, size)
    other = below(4, 2).bool()
    asked = torch.where(other, right, left)
    shown = torch.where(other, images_right, images_left)
    query = (shown + 1 + below(5, size - 1)) % size
    first = below(6, 2)
    labels = torch.where(first.bool() == other, 1.0, -1.0)
    return Drawn(
        torch.stack([rows[left, images_left], rows[right, images_right], rows[asked, query]], dim=1),
        first,
        labels,
    )


def tokens(patches: Tensor, rows: Tensor, first: Tensor) -> Tensor:
    """Tokens (..., token, feature) of episodes with these images (..., slot) and labels of slot 0 (...)."""
    places = patches.shape[1]
    shape = (*first.shape, SLOTS, places)
    labels = torch.stack([first, 1 - first, torch.full_like(first, 2)], dim=-1)
    eye = ONE * torch.eye(SLOTS, dtype=patches.dtype, device=patches.device)
    place = ONE * torch.eye(places, dtype=patches.dtype, device=patches.device)
    parts = [
        patches[rows],
        place.expand(*shape, places),
        eye[:, None].expand(*shape, SLOTS),
        eye[labels][..., None, :].expand(*shape, SLOTS),
    ]
    return torch.cat(parts, dim=-1).flatten(-3, -2)


def features(side: int, patch: int) -> int:
    """Width N_0 of a token: pixels and places of a patch, slots, and labels A, B and unknown."""
    return patch**2 + (side // patch) ** 2 + 2 * SLOTS


def episode_set(found: Images, name: str, count: int, seed: int, net: int) -> Episodes:
    """A network's episodes of a set: the same ones whenever they are asked for; errors as in `pool`."""
    episodes = drawn(pool(found, name, seed, net), name, count, seed, net)
    return Episodes(tokens(found.patches, episodes.rows, episodes.first), episodes.labels)
