"""One softmax head learns next tokens of random walks, and beside it the mean of independent tokens."""

import math
from collections.abc import Mapping
from typing import Any

import xarray as xr
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch, GradientStep
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.recording import Recording, even_steps, parameters_at
from widthscope.ensembles.training import train
from widthscope.models import attention, walk_regression
from widthscope.studies.qk_spectrum.training.arms import ARMS
from widthscope.studies.qk_spectrum.training.sequences import ArmSequences
from widthscope.work import Work

WEIGHT_DIMS = ("layer", "head", "head_dim", "width")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.Dataset:
    """Weights, attention and loss along the training of both arms, over (member, step).

    Args:
        settings: the sizes of `settings.Training` at one `width`, with its `head_dim`, and `seed`.
        datasets: none is read.
        work: what the job gives.

    Returns:
        ``query``, ``key`` (member, step, layer, head, head_dim, width), float32; ``profile`` (member, step,
        token), mean attention of the last token; ``entropy`` (member, step), over log T; ``error`` (member,
        step), mean square error; all three on sequences that are not trained on; ``loss`` (member, update)
        and ``diverged_at`` (member) as from the training loop; coordinates ``arm`` and ``seed``.
    """
    width, tokens = settings["width"], settings["tokens"]
    stream = ("qk_spectrum", "training", settings["seed"], width)
    members = Members.grid(arm=ARMS, seed=range(settings["seeds"]))
    drawn = [
        walk_regression.initial(generator, width, settings["head_dim"])
        for generator in members.generators(*stream, "weights")
    ]

    def sequences(purpose: str, count: int) -> ArmSequences:
        return ArmSequences(members, (*stream, purpose), count, tokens, width, work.device)

    steps = even_steps(settings["steps"], settings["recorded"])
    held_out = sequences("evaluation", settings["evaluated"])(0)
    trained = train(
        members,
        stacked(drawn, work.device),
        GradientStep(_loss, Adam(settings["learning_rate"])),
        sequences("training", settings["batch"]),
        settings["steps"],
        [
            parameters_at(steps, {"query": WEIGHT_DIMS, "key": WEIGHT_DIMS}),
            Recording(
                lambda parameters: measured(parameters, held_out),
                {"profile": ("token",), "entropy": (), "error": ()},
                steps,
            ),
        ],
        work=work,
        name=f"training-w{width}",
    )
    return trained.history.assign_attrs(width=width, head_dim=settings["head_dim"], tokens=tokens)


def measured(parameters: Parameters, batch: Batch) -> dict[str, Tensor]:
    """Mean attention to each token (member, token), its entropy over log T, and the error (member,)."""
    rows = walk_regression.attention(parameters, batch["tokens"]).mean(dim=2)
    return {
        "profile": rows.mean(dim=1),
        "entropy": attention.row_entropy(rows).mean(dim=1) / math.log(rows.shape[-1]),
        "error": _loss(parameters, batch),
    }


def _loss(parameters: Parameters, batch: Batch) -> Tensor:
    return walk_regression.loss(parameters, batch["tokens"], batch["targets"])
