"""Memories trained to denoise images, tied and untied: errors, energies and what they learned."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.associative_memory.rises import largest_rise, rose
from widthscope.ensembles.batches import Fresh, epochs
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.ham_mixer.denoise import network
from widthscope.work import Work

SHOWN_IMAGES, SHOWN_PATTERNS = 6, 24
ROWS = 4096
"""Images whose colours are averaged at once."""

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
    parts = _parts_of_seeds(datasets[settings["dataset"]], settings)
    tree = xr.DataTree.from_dict({f"/{arm}": _arm(arm, settings, parts, work) for arm in settings["arms"]})
    tree.attrs["updates"] = settings["updates"]
    return tree


def unit_images(dataset: xr.Dataset) -> Tensor:
    """Images of norm 1 in shades of grey, (sample, pixel), float32.

    Colours are averaged a few images at a time: all at once in float32 take several times the data set.
    """
    image = dataset["image"].load()
    found = torch.empty(image.sizes["sample"], image.sizes["row"] * image.sizes["col"])
    for first in range(0, len(found), ROWS):
        some = image.isel(sample=slice(first, first + ROWS))
        grey = some.mean("channel", dtype="float32") if "channel" in some.dims else some.astype("float32")
        pixels = torch.from_numpy(grey.values.copy()).flatten(1)
        norm = pixels.square().sum(1, keepdim=True).sqrt().clamp(min=1e-12)
        torch.div(pixels, norm, out=found[first : first + ROWS])
    return found


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
        _NoisyBatches(settings, members, parts, work.device),
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


def _parts_of_seeds(dataset: xr.Dataset, settings: Mapping[str, Any]) -> list[dict[str, Tensor]]:
    """Each seed's parts; all images are let go of when this is done."""
    images = unit_images(dataset)
    held_out = torch.as_tensor(dataset["test"].values).bool() if "test" in dataset else None
    return [_parts(images, held_out, settings, seed) for seed in settings["seeds"]]


def _parts(
    images: Tensor, held_out: Tensor | None, settings: Mapping[str, Any], seed: int
) -> dict[str, Tensor]:
    """One seed's images to train and to test on, and the latter with noise.

    Test images are those that the data set keeps for it, where it does.
    """
    generator = torch_generator("ham_mixer", "denoise.split", settings["seed"], seed)
    order, train, test = torch.randperm(len(images), generator=generator), settings["train"], settings["test"]
    if held_out is None:
        first, second = order[:train], order[train : train + test]
    else:
        first, second = order[~held_out[order]][:train], order[held_out[order]][:test]
    learned, tested = images[first], images[second]
    noise = settings["noise"] * torch.randn(tested.shape, generator=generator)
    return {"train": learned, "test": tested, "test_noisy": tested + noise}


class _NoisyBatches:
    """Minibatches with new noise at every step, which the step alone decides."""

    def __init__(
        self, settings: Mapping[str, Any], members: Members, parts: list[dict[str, Tensor]], device: str
    ) -> None:
        train, batch, run_seed = settings["train"], settings["batch"], settings["seed"]
        generators = members.generators("ham_mixer", "denoise.order", run_seed)
        steps = settings["epochs"] * (train // batch)
        self.order = epochs(generators, train, batch, steps)
        self.images, self.device, self.deviation = (
            [part["train"] for part in parts],
            device,
            settings["noise"],
        )
        shape = (batch, self.images[0].shape[-1])
        self.noise = Fresh(
            lambda generator: {"noise": torch.randn(shape, generator=generator)},
            members,
            ("ham_mixer", "denoise.noise", run_seed),
            device=device,
            block=1,
        )

    def __call__(self, step: int) -> Batch:
        chosen = self.order[:, step].long()
        clean = torch.stack([x[rows] for x, rows in zip(self.images, chosen, strict=True)]).to(self.device)
        return {"clean": clean, "noisy": clean + self.deviation * self.noise(step)["noise"]}


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
