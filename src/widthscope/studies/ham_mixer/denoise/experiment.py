"""Memories trained to denoise images, tied and untied: errors, energies and what they learned."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.associative_memory.rises import largest_rise, rose
from widthscope.ensembles.batches import epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.ham_mixer.denoise import network
from widthscope.work import Work

SHOWN_IMAGES, SHOWN_PATTERNS = 6, 24
STAGES = (0, 1, 3, 10, 30)
"""Numbers of updates after which states are kept, those up to `longer`."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """A node for each arm: errors and energies along the updates, before and after training.

    Arms of one seed share forward couplings, split, noise and minibatches.

    Args:
        settings: sizes as in `settings.Denoise`, `arms` ("tied", "untied"), and the run's `seed`; `seeds`
            lists those of the members.
        datasets: the one that is named in `dataset`.
        work: what the job gives.
    """
    images = unit_images(datasets[settings["dataset"]])
    parts = [_parts(images, settings, seed) for seed in settings["seeds"]]
    tree = xr.DataTree.from_dict({f"/{arm}": _arm(arm, settings, parts, work) for arm in settings["arms"]})
    tree.attrs["updates"] = settings["updates"]
    return tree


def unit_images(dataset: xr.Dataset) -> Tensor:
    """Images of norm 1 in shades of grey, (sample, pixel), float32."""
    image = dataset["image"]
    grey = image.mean("channel", dtype="float32") if "channel" in image.dims else image.astype("float32")
    pixels = torch.from_numpy(grey.values.copy()).flatten(1)
    return pixels / pixels.square().sum(1, keepdim=True).sqrt().clamp(min=1e-12)


def _arm(arm: str, settings: Mapping[str, Any], parts: list[dict[str, Tensor]], work: Work) -> xr.Dataset:
    members = Members.grid(seed=settings["seeds"])
    generators = members.generators("ham_mixer", "denoise.weights", settings["seed"])
    pixels = parts[0]["train"].shape[-1]
    drawn = [
        network.draw(settings["hidden"], pixels, arm == "tied", each, settings["scale"])
        for each in generators
    ]
    start = stacked(drawn, work.device)
    trained = train(
        members,
        start,
        GradientStep(
            lambda parameters, batch: network.denoising_loss(
                parameters, batch["noisy"], batch["clean"], settings["updates"], settings["step"]
            ),
            Adam(settings["rate"]),
        ),
        _NoisyBatches(settings, parts, work.device),
        settings["epochs"] * (settings["train"] // settings["batch"]),
        work=work,
        name=f"denoise-{arm}",
    )
    clean, noisy = (
        torch.stack([part[name] for part in parts]).to(work.device) for name in ("test", "test_noisy")
    )
    found = [measured(parameters, noisy, clean, settings) for parameters in (start, trained.parameters)]
    table = xr.concat(found, "networks", join="exact")
    table = table.assign_coords(networks=["untrained", "trained"], seed=list(settings["seeds"]))
    table["loss"] = (("seed", "training_step"), trained.history["loss"].values)
    return table.merge(_shown(trained.parameters, noisy, clean, settings))


def _parts(images: Tensor, settings: Mapping[str, Any], seed: int) -> dict[str, Tensor]:
    """One seed's images to train and to test on, and the latter with noise."""
    generator = torch_generator("ham_mixer", "denoise.split", settings["seed"], seed)
    order = torch.randperm(len(images), generator=generator)[: settings["train"] + settings["test"]]
    learned, tested = images[order].tensor_split([settings["train"]])
    noise = settings["noise"] * torch.randn(tested.shape, generator=generator)
    return {"train": learned, "test": tested, "test_noisy": tested + noise}


class _NoisyBatches:
    """Minibatches with new noise at every step, which the step alone decides."""

    def __init__(self, settings: Mapping[str, Any], parts: list[dict[str, Tensor]], device: str) -> None:
        self.settings, self.device = settings, device
        self.images = [part["train"] for part in parts]
        steps = settings["epochs"] * (settings["train"] // settings["batch"])
        keys = [("ham_mixer", "denoise.order", settings["seed"], seed) for seed in settings["seeds"]]
        self.order = epochs(
            [torch_generator(*key) for key in keys], settings["train"], settings["batch"], steps
        )

    def __call__(self, step: int) -> Batch:
        clean = torch.stack(
            [x[rows] for x, rows in zip(self.images, self.order[:, step].long(), strict=True)]
        )
        run_seed = self.settings["seed"]
        noise = torch.stack(
            [
                torch.randn(
                    clean.shape[1:],
                    generator=torch_generator("ham_mixer", "denoise.noise", run_seed, seed, step),
                )
                for seed in self.settings["seeds"]
            ]
        )
        noisy = clean + self.settings["noise"] * noise
        return {"clean": clean.to(self.device), "noisy": noisy.to(self.device)}


def measured(parameters: Parameters, noisy: Tensor, clean: Tensor, settings: Mapping[str, Any]) -> xr.Dataset:
    """Errors and energies along `longer` updates in float64, and how often and how far energies rose.

    Returns:
        ``error`` and ``energy`` (seed, updates), means over test images; ``largest_rise`` (seed,) of any
        step of any image, over the range of that image's energies; ``rose`` (seed,), the share of images
        with a rise beyond rounding.
    """
    couplings = {name: value.double() for name, value in parameters.items()}
    x, target = noisy.double(), clean.double()
    errors, energies = [], []
    for update in range(settings["longer"] + 1):
        if update:
            x = network.update(couplings, x, settings["step"])
        errors.append(network.distance(x, target).mean(-1))
        energies.append(network.energy(couplings, x))
    along = torch.stack(energies)
    return xr.Dataset(
        {
            "error": (("seed", "updates"), torch.stack(errors, dim=1).cpu().numpy()),
            "energy": (("seed", "updates"), along.mean(-1).T.cpu().numpy()),
            "largest_rise": ("seed", largest_rise(along).amax(-1).cpu().numpy()),
            "rose": ("seed", rose(along).double().mean(-1).cpu().numpy()),
        },
        coords={"updates": range(settings["longer"] + 1)},
    )


def _shown(parameters: Parameters, noisy: Tensor, clean: Tensor, settings: Mapping[str, Any]) -> xr.Dataset:
    """Of the first seed: some images as they are denoised, and patterns with the largest norm, as images."""
    side = round(clean.shape[-1] ** 0.5)
    first = {name: value[:1] for name, value in parameters.items()}
    x, states = noisy[:1, :SHOWN_IMAGES], []
    stages = [stage for stage in STAGES if stage <= settings["longer"]]
    for update in range(settings["longer"] + 1):
        if update:
            x = network.update(first, x, settings["step"])
        if update in stages:
            states.append(network.normalised(x)[0])
    forward = first["forward"][0]
    strongest = torch.linalg.vector_norm(forward, dim=1).argsort(descending=True)[:SHOWN_PATTERNS]
    shown = {
        "states": (("stage", "image"), torch.stack(states)),
        "clean": (("image",), network.normalised(clean[0, :SHOWN_IMAGES])),
        "pattern": (("unit",), forward[strongest]),
    }
    return xr.Dataset(
        {
            name: ((*dims, "row", "col"), values.reshape(*values.shape[:-1], side, side).cpu().numpy())
            for name, (dims, values) in shown.items()
        },
        coords={"stage": stages},
    )
