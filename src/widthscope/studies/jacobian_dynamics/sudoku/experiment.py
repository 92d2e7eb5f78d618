"""Recurrent networks trained on Sudoku: their parameters along the training, and the boards of the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.datasets.sudoku.prepare import part_of
from widthscope.ensembles.batches import Fresh, Minibatches, choices
from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import even_steps
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import train
from widthscope.errors import StudyError
from widthscope.studies.jacobian_dynamics.networks.loss import cross_entropy
from widthscope.studies.jacobian_dynamics.networks.stored import recording
from widthscope.studies.jacobian_dynamics.sudoku.task import PARTS, STREAM, network_of
from widthscope.work import Work


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Every arm of the shard in a node of its own, as from `trained`, and the tests' boards as from `boards`.

    Args:
        settings: `runs`, by arm.
        datasets: `sudoku`.
        work: what the job gives.

    Raises:
        StudyError: if the boards have another order than the settings say.
    """
    puzzles = datasets["sudoku"]
    nodes = {arm: trained(arm, run, puzzles, work) for arm, run in settings["runs"].items()}
    return xr.DataTree.from_dict({"boards": boards(puzzles), **nodes})


def boards(puzzles: xr.Dataset) -> xr.Dataset:
    """`id_puzzle`, `id_solution` (id_board, cell), uint8, and as much for `ood`."""
    found = {}
    for part in PARTS:
        table = part_of(puzzles, part)
        for name in ("puzzle", "solution"):
            values = table[name].values
            found[f"{part}_{name}"] = ((f"{part}_board", "cell"), values.reshape(len(values), -1))
    return xr.Dataset(found, attrs={"order": int(puzzles.attrs["order"])})


@dataclass(frozen=True)
class Boards:
    """Boards of a step with the first states of their blanks, for every member.

    Attributes:
        chosen: gives `puzzle` and `target` (member, batch, cell).
        noise: gives `noise` (member, batch, cell, width).
    """

    chosen: Minibatches
    noise: Fresh

    def __call__(self, step: int) -> dict[str, Tensor]:
        """`puzzle`, `target` and `noise` of this step."""
        return {**self.chosen(step), **self.noise(step)}


def trained(arm: str, settings: Mapping[str, Any], puzzles: xr.Dataset, work: Work) -> xr.Dataset:
    """One arm's parameters at even steps of its training, float32, and its loss.

    Weights, boards and first states come from streams of the seed, so that arms are paired.

    Args:
        arm: see `networks.arms`.
        settings: sizes of `settings.Sudoku`, with `seed` and the arm's `seeds`, `steps` and `learning_rate`.
        puzzles: the prepared dataset.
        work: what the job gives.

    Returns:
        every parameter as from `networks.stored.recording`; ``loss`` (member, update) and ``diverged_at``
        (member), as from the training loop; coordinate ``seed``; attribute ``arm``.
    """
    if int(puzzles.attrs["order"]) != settings["order"]:
        raise StudyError(
            f"studies.jacobian_dynamics.sudoku.order is {settings['order']}, but datasets.sudoku.order is "
            f"{puzzles.attrs['order']}; set both alike"
        )
    network, device, steps = network_of(settings, arm), work.device, settings["steps"]
    members, stream = Members.grid(seed=range(settings["seeds"])), (*STREAM, settings["seed"])
    parameters = stacked([network.initial(each) for each in members.generators(*stream, "weights")], device)
    history = train(
        members,
        parameters,
        GradientStep(
            lambda values, batch: _loss(network, settings["iterations"], values, batch),
            Adam(settings["learning_rate"]),
            warmup_cosine(min(settings["warmup"], steps), steps, settings["floor"]),
            clip=settings["clip"],
        ),
        _batches(members, settings, puzzles, stream, device),
        steps,
        [recording(parameters, even_steps(steps, settings["recorded"]))],
        work=work,
        name=f"sudoku-{arm}",
    ).history
    return history.assign_attrs(arm=arm)


def _loss(network: Any, iterations: int, parameters: Parameters, batch: Batch) -> Tensor:
    return cross_entropy(network.forward(parameters, batch, iterations), batch["target"])


def _batches(
    members: Members,
    settings: Mapping[str, Any],
    puzzles: xr.Dataset,
    stream: tuple[str | int, ...],
    device: str,
) -> Boards:
    table = part_of(puzzles, "train")
    count, batch, cells = table.sizes["sample"], settings["batch"], settings["order"] ** 2
    examples = {
        "puzzle": table["puzzle"].values.reshape(count, cells).astype(np.int64),
        "target": table["solution"].values.reshape(count, cells).astype(np.int64) - 1,
    }
    order = choices(members.generators(*stream, "data"), count, batch, settings["steps"])

    def noise(generator: torch.Generator) -> dict[str, Tensor]:
        return {"noise": torch.randn(batch, cells, settings["width"], generator=generator)}

    return Boards(
        Minibatches({name: torch.from_numpy(values).to(device) for name, values in examples.items()}, order),
        Fresh(noise, members, (*stream, "noise"), device=device),
    )
