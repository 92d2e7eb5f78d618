"""Recurrent networks trained on images: parameters before and after, and the images that tests need."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.ensembles.members import DIM, Members
from widthscope.studies.jacobian_dynamics.digits.images import Images, images_of
from widthscope.studies.jacobian_dynamics.digits.training import Trainer
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every run of the shard in a node of its own, and the test images of all at the root.

    Args:
        settings: sizes as in `settings.Digits`, `seed`, and `runs` by name: each with its `arm`, `penalty`,
            `seeds`, `rates` and `strengths`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        at the root ``patches`` (image, token, feature), uint8, and ``label`` (image), of test images; in each
        run's node as from `trained`.
    """
    images = images_of(datasets[settings["dataset"]], settings["dataset"], settings["patch"])
    found = {name: trained(name, each, settings, images, work) for name, each in settings["runs"].items()}
    kept = np.unique(np.concatenate([each["test"].values.ravel() for each in found.values()]))
    root = xr.Dataset(
        {
            "patches": (("image", "token", "feature"), images.patches.numpy()[kept]),
            "label": ("image", images.labels.numpy()[kept]),
        },
        attrs={"dataset": settings["dataset"], "brightest": images.brightest},
    )
    nodes = {f"/{name}": _renumbered(each, kept) for name, each in found.items()}
    return xr.DataTree.from_dict({"/": root, **nodes})


def trained(
    name: str, run: Mapping[str, Any], settings: Mapping[str, Any], images: Images, work: Work
) -> xr.Dataset:
    """One model at the learning rate and strength of penalty that seeds of their own chose.

    Streams of parts, weights and data are keyed by the seed alone, so that runs are paired.

    Returns:
        the network's parameters (member, step, ...) before and after training; ``test`` (member, place),
        numbers of its test images; ``validation`` (member), accuracy after T iterations on images that are
        not trained on; ``loss`` (member, update), the penalty included, and ``diverged_at`` (member);
        ``choice`` (candidate), mean validation accuracy over the choosing seeds of every
        ``candidate_rate`` and ``candidate_strength``, NaN where there was no choice; coordinate ``seed``;
        attributes ``arm``, ``penalty``, ``rate``, ``strength`` and the sizes that rebuild the network.
    """
    candidates = list(product(run["rates"], run["strengths"]))
    trainer = Trainer.of(run, settings, images, work)
    scores = trainer.scores(candidates, f"digits-{name}-choice") if len(candidates) > 1 else [np.nan]
    best = candidates[int(np.argmax(np.nan_to_num(scores, nan=-1.0)))]
    members = Members.grid(seed=range(run["seeds"]))
    parts = trainer.parts(members, "judged")
    end = trainer.train(members, parts, torch.tensor([best] * len(members)), "judged", f"digits-{name}")
    found = end.history
    found["test"] = ((DIM, "place"), parts.test.numpy())
    found["validation"] = (DIM, trainer.validation(end, parts).numpy())
    found["choice"] = ("candidate", np.array(scores))
    found["candidate_rate"] = ("candidate", np.array([rate for rate, _ in candidates]))
    found["candidate_strength"] = ("candidate", np.array([strength for _, strength in candidates]))
    return found.assign_attrs(
        arm=run["arm"],
        penalty=run["penalty"],
        rate=best[0],
        strength=best[1],
        **{size: settings[size] for size in ("width", "heads", "iterations")},
    )


def _renumbered(found: xr.Dataset, kept: np.ndarray) -> xr.Dataset:
    """A run whose test images are numbered by their places among those that are kept."""
    return found.assign(test=(found["test"].dims, np.searchsorted(kept, found["test"].values)))
