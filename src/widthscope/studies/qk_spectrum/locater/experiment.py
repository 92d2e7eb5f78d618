"""A small language model trained with one arm's treatment of its query and key weights, over many seeds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.batches import Windows, choices
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording, even_steps
from widthscope.ensembles.schedules import Schedule, inverse_sqrt, warmup_cosine
from widthscope.ensembles.training import train
from widthscope.studies.qk_spectrum.locater import penalties
from widthscope.studies.qk_spectrum.locater.arms import ARMS, Arm
from widthscope.studies.qk_spectrum.locater.held_out import averages, windows_of
from widthscope.studies.qk_spectrum.locater.language_model import LanguageModel
from widthscope.studies.qk_spectrum.locater.splits import splits
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every run of the shard in a node of its own, as from `trained`.

    Args:
        settings: `runs`, by name.
        datasets, work: as for `trained`.
    """
    runs = settings["runs"].items()
    return xr.DataTree.from_dict({name: trained(name, run, datasets, work) for name, run in runs})


def trained(
    name: str, settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work
) -> xr.Dataset:
    """Loss and attention entropy on held-out text, and traces of W along the training, over (member, ...).

    The stream of weights and that of the data are keyed by the seed alone, so that arms are paired.

    Args:
        name: of the run.
        settings: the sizes of `settings.Locater` with `seed`, `arm`, `strength` and the number of `seeds`.
        datasets: the one that is named in `dataset`.
        work: what the job gives.

    Returns:
        ``test_loss``, ``validation_loss``, nats for each symbol, ``test_entropy``, ``validation_entropy``
        (member); ``watched_loss`` and ``watched_entropy`` (member, step) on a few windows of the validation
        part; ``trace`` and ``frobenius_square`` (member, step, layer, head) of W; ``loss`` (member, update),
        the penalty included, and ``diverged_at`` (member), as from the training loop; coordinate ``seed``;
        attributes ``dataset``, ``source`` and ``sha256`` of the text.
    """
    arm, device, context = ARMS[settings["arm"]], work.device, settings["context"]
    text = splits(datasets[settings["dataset"]], settings["dataset"], context)
    model = LanguageModel.of(settings, text.symbols)
    stream = ("qk_spectrum", "locater", settings["seed"])
    members = Members.grid(seed=range(settings["seeds"]))
    order = choices(
        members.generators(*stream, "data"),
        Windows.positions(len(text.train), context),
        settings["batch"],
        settings["steps"],
    )
    end = train(
        members,
        stacked(_initial(model, arm, members, stream), device),
        GradientStep(
            _objective(model, arm, float(settings["strength"])),
            Adam(settings["learning_rate"], betas=(0.9, settings["second_beta"])),
            schedule_of(settings),
        ),
        Windows(torch.from_numpy(text.train).to(device), order, context),
        settings["steps"],
        [
            _recording(
                model,
                windows_of(text.validation, context, device, most=settings["watched"]),
                even_steps(settings["steps"], settings["recorded"]),
            )
        ],
        work=work,
        name=f"locater-{name}",
    )
    history, alive = end.history, end.diverged_at < 0
    for part, values in {"test": text.test, "validation": text.validation}.items():
        found = averages(model, end.parameters, windows_of(values, context, device))
        for quantity, per_member in found.items():
            history[f"{part}_{quantity}"] = (DIM, torch.where(alive, per_member, torch.nan).cpu().numpy())
    told = datasets[settings["dataset"]].attrs
    return history.assign_attrs(
        arm=settings["arm"],
        strength=settings["strength"],
        head_dim=model.head_dim,
        symbols=text.symbols,
        dataset=settings["dataset"],
        source=str(told.get("source", "")),
        sha256=str(told.get("sha256", "")),
    )


def _initial(
    model: LanguageModel, arm: Arm, members: Members, stream: tuple[str | int, ...]
) -> list[Parameters]:
    """Each member's weights, which depend on its seed, after the arm's treatment."""
    drawn = [model.initial(generator) for generator in members.generators(*stream, "weights")]
    if arm.rotate:
        rotations = members.generators(*stream, "rotation")
        drawn = [rotated(each, generator) for each, generator in zip(drawn, rotations, strict=True)]
    return [treated(each, arm) for each in drawn]


def _objective(model: LanguageModel, arm: Arm, strength: float) -> Callable[[Parameters, Batch], Tensor]:
    """Cross-entropy plus `strength` times the arm's penalty, (member,)."""

    def loss(parameters: Parameters, batch: Batch) -> Tensor:
        fitted = model.loss(parameters, batch["tokens"], batch["targets"])
        if arm.penalty == "none":
            return fitted
        added = penalties.penalty(arm.penalty, parameters["query"], parameters["key"])
        return fitted + strength * added

    return loss


def _recording(model: LanguageModel, watched: Tensor, steps: Sequence[int]) -> Recording:
    """Traces of every head's W, and loss and entropy on the watched windows."""

    def measure(parameters: Parameters) -> dict[str, Tensor]:
        found = penalties.traces(parameters["query"].double(), parameters["key"].double())
        seen = averages(model, parameters, watched)
        return {
            "trace": found.trace,
            "frobenius_square": found.frobenius_square,
            "watched_loss": seen["loss"],
            "watched_entropy": seen["entropy"],
        }

    heads = ("layer", "head")
    dims = {"trace": heads, "frobenius_square": heads, "watched_loss": (), "watched_entropy": ()}
    return Recording(measure, dims, steps)


def rotated(parameters: Parameters, generator: torch.Generator) -> Parameters:
    """One member with its heads' coordinates rotated at random: W_Q, W_K -> O W_Q, O W_K with O Haar.

    W_Q^T W_K and so the model stay the same.
    """
    *heads, head_dim, _ = parameters["query"].shape
    gaussian = torch.randn((*heads, head_dim, head_dim), generator=generator, dtype=torch.float64)
    orthogonal, triangle = torch.linalg.qr(gaussian)
    orthogonal = orthogonal * triangle.diagonal(dim1=-2, dim2=-1).sign()[..., None, :]
    return {**parameters, **{name: orthogonal @ parameters[name] for name in ("query", "key")}}


def treated(parameters: Parameters, arm: Arm) -> Parameters:
    """One member with W_Q and W_K multiplied by the arm's factor."""
    return {**parameters, **{name: arm.shrink * parameters[name] for name in ("query", "key")}}


def schedule_of(settings: Mapping[str, Any]) -> Schedule:
    """The learning rate's course by the settings' name for it."""
    if settings["schedule"] == "cosine":
        return warmup_cosine(settings["warmup"], settings["steps"])
    return inverse_sqrt(settings["warmup"])
