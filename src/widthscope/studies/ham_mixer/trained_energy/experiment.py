"""Mixers trained on images, and energies along repeated applications of their first block to test images."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.associative_memory.adiabatic import residual
from widthscope.associative_memory.lagrangians import UNITS
from widthscope.associative_memory.memory import Memory
from widthscope.associative_memory.rises import largest_rise, share_of_rising_steps
from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import Parameters
from widthscope.mixers import image_mixer, tied
from widthscope.mixers.designs import ARMS, Arm, Shape
from widthscope.studies.ham_mixer.networks import Recipe, SeedImages, Stream, accuracies, images_of, train_arm
from widthscope.work import Work

SHOWN = 6
"""Images of the first seed whose energies are kept for the figure."""

STEP = 1.0
"""Of the residual block, as it was trained."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node /activation/arm/s<first seed> for each run.

    Arms of one seed share split, order of batches and initial weights. Energies are those of the forward
    matrices, in float64, by a normalisation without the small number that training adds to the variance, for
    which what is said of energies holds exactly.

    Args:
        settings: as `settings.TrainedEnergy`, with the networks' sizes by activation in `shapes`; `runs`,
            each with `activation`, `arm` and `seeds`; `seed` of the run.
        datasets: the one that the settings name.
        work: what the job gives.

    Returns:
        ``rise`` (seed, image), the largest relative rise of an image's energy; ``rising_steps`` (seed,
        image), the share of its steps that rose; ``accuracy`` (seed) on the same images; ``energy`` (shown,
        iteration) of the first seed.
    """
    stream = Stream("trained_energy", settings["seed"])
    found = {}
    for each in settings["runs"]:
        seeds, activation = each["seeds"], each["activation"]
        parts = (settings["train"], settings["test"])
        images = images_of(datasets[settings["dataset"]], stream, seeds, parts, device=work.device)
        found[f"/{activation}/{each['arm']}/s{seeds[0]}"] = _trained(
            each["arm"], Shape(**settings["shapes"][activation]), settings, images, stream, work
        )
    return xr.DataTree.from_dict(found)


def _trained(
    name: str, shape: Shape, settings: Mapping[str, Any], images: SeedImages, stream: Stream, work: Work
) -> xr.Dataset:
    arm, members = ARMS[name], Members.grid(seed=images.seeds)
    recipe = Recipe(**{key: settings[key] for key in ("rate", "epochs", "batch", "weight_decay", "warm_up")})
    trained = train_arm(
        arm, shape, recipe, members, images, stream, work, f"{shape.activation}-{name}-s{images.seeds[0]}"
    )
    energy = block_energies(arm, shape, trained.parameters, images.parts[1].pixels, settings["iterations"])
    failed = (trained.diverged_at >= 0).cpu()
    right = accuracies(arm, shape, trained.parameters, members, images)[:, 1]

    def kept(values: Tensor) -> Any:
        values = values.cpu().clone()
        values[failed] = torch.nan
        return values.numpy()

    return xr.Dataset(
        {
            "rise": (("seed", "image"), kept(largest_rise(energy))),
            "rising_steps": (("seed", "image"), kept(share_of_rising_steps(energy))),
            "accuracy": ("seed", kept(right)),
            "energy": (("shown", "iteration"), energy[:, 0, :SHOWN].T.cpu().numpy()),
        },
        coords={"seed": list(images.seeds)},
        attrs={key: settings[key] for key in ("dataset", "train", "test", "epochs", "iterations")}
        | {"blocks": shape.blocks},
    )


def block_energies(arm: Arm, shape: Shape, parameters: Parameters, pixels: Tensor, iterations: int) -> Tensor:
    """Energies (iteration + 1, member, image) along applications of the first block, float64.

    Args:
        arm, shape: of the networks.
        parameters: (member, ...).
        pixels: of each member's own images, (member, image, colour, row, column).
        iterations: applications of the block.
    """
    double = {name: value.double() for name, value in parameters.items()}
    with torch.no_grad():
        x = image_mixer.embedded(double, pixels.double(), shape).transpose(1, 2)
        first = tied.couplings(arm, double)[0]
        matrices = (first.token, first.channel, first.token_back, first.channel_back)
        token, channel, token_back, channel_back = (matrix[:, None] for matrix in matrices)
        memory = Memory(token, channel, token_back, channel_back, UNITS[shape.activation])
        return residual(memory, x, STEP, iterations).energy
