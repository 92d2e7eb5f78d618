"""Mixers trained on images, arm by arm: accuracy, loss on the way, and how symmetric the couplings are."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters
from widthscope.mixers import tied
from widthscope.mixers.designs import ARMS, Arm, Shape
from widthscope.mixers.symmetry import permuted_alignment
from widthscope.studies.ham_mixer.networks import (
    Recipe,
    SeedImages,
    Stream,
    accuracies,
    images_of,
    recorded_epochs,
    symmetry_recording,
    train_arm,
)
from widthscope.work import Work

PARTS = ("train", "test")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node /setup/arm for each run.

    Arms of one seed and setup share split, order of batches and, where shapes agree, initial weights.

    Args:
        settings: `trainings` by setup, with the sizes of `settings.Training` and the networks' in `shape`;
            `runs`, each with `setup`, `arm` and `seeds`; `permutations`; `seed` of the run.
        datasets: those that the trainings name.
        work: what the job gives.

    Returns:
        ``accuracy`` (seed, part), ``loss`` (seed, update) before each update, ``alignment`` and
        ``asymmetry`` (seed, epoch, block, pair), and ``permuted`` (seed, block, pair, permutation):
        alignments after training with hidden units permuted.
    """
    found, images = {}, {}
    for each in settings["runs"]:
        setup, seeds = each["setup"], each["seeds"]
        sizes = settings["trainings"][setup]
        stream = Stream(f"accuracy.{setup}", settings["seed"])
        key = (setup, tuple(seeds))
        if key not in images:
            parts = (sizes["train"], sizes["test"])
            dataset = datasets[sizes["dataset"]]
            images[key] = images_of(dataset, stream, seeds, parts, sizes["noise"], work.device)
        found[f"/{setup}/{each['arm']}"] = _trained(
            each["arm"], sizes, images[key], stream, work, settings["permutations"], setup
        )
    return xr.DataTree.from_dict(found)


def _trained(
    name: str,
    sizes: Mapping[str, Any],
    images: SeedImages,
    stream: Stream,
    work: Work,
    permutations: int,
    setup: str,
) -> xr.Dataset:
    arm, shape = ARMS[name], Shape(**sizes["shape"])
    recipe = Recipe(
        **{key: sizes[key] for key in ("rate", "epochs", "batch", "weight_decay", "warm_up")},
    )
    members = Members.grid(seed=images.seeds)
    each = recipe.steps(sizes["train"]) // sizes["epochs"]
    epochs = recorded_epochs(sizes["epochs"])
    recording = symmetry_recording(arm, [each * epoch for epoch in epochs])
    trained = train_arm(arm, shape, recipe, members, images, stream, work, f"{setup}-{name}", (recording,))
    history = trained.history.swap_dims(member="seed").rename(step="epoch")
    table = history[["loss", "alignment", "asymmetry"]].assign_coords(epoch=list(epochs))
    measured = accuracies(arm, shape, trained.parameters, members, images).cpu()
    failed = (trained.diverged_at >= 0).cpu()
    measured[failed] = torch.nan
    table["accuracy"] = (("seed", "part"), measured.numpy())
    table["permuted"] = (
        ("seed", "block", "pair", "permutation"),
        _permuted(arm, trained.parameters, images.seeds, stream, permutations).numpy(),
    )
    return (
        table.assign_coords(part=list(PARTS))
        .drop_vars("member", errors="ignore")
        .assign_attrs(
            {
                "blocks": shape.blocks,
                "weights": shape.weights(arm),
                "mixing_weights": shape.mixing_weights(arm),
                **{key: sizes[key] for key in ("dataset", "train", "test", "epochs")},
            }
        )
    )


def _permuted(arm: Arm, parameters: Parameters, seeds: Sequence[int], stream: Stream, draws: int) -> Tensor:
    """Alignments (seed, block, pair, permutation) with the backward matrices' hidden units permuted.

    Each seed has its own permutations; token and channel matrices of one seed too.
    """
    found = []
    for place, seed in enumerate(seeds):
        generator = stream("permutation", int(seed))
        found.append(
            torch.stack(
                [
                    permuted_alignment(
                        parameters[pair][place], tied.backward(arm, parameters, pair)[place], draws, generator
                    )
                    for pair in tied.PAIRS
                ],
                1,
            )
        )
    return torch.stack(found).cpu()
