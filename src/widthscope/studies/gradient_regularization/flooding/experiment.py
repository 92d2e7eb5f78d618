"""Networks trained under flooding, and pairs of their steps against gradient regularisation."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr

from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.recording import Recording
from widthscope.ensembles.training import train
from widthscope.gradient_regularisation.flooding import FloodingStep
from widthscope.streams import torch_generator
from widthscope.studies.gradient_regularization.flooding.pairs import NAMES, ORDERS, compared
from widthscope.studies.gradient_regularization.images import images_of
from widthscope.studies.gradient_regularization.networks import Network, initial, loss
from widthscope.work import Work

SLUG, PURPOSE = "gradient_regularization", "flooding"


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Table `pairs`: `loss` (member, update), and by (member, step, order) what `pairs.compared` finds.

    Members are seeds times rates; those of one seed share images and initial weights. All in float64.

    Args:
        settings: those of `Flooding` with `seeds` as a list, and `seed`.
        datasets: the one that the settings name.
        work: where to compute, and where to keep what is unfinished.
    """
    dataset, seeds = datasets[settings["dataset"]], list(settings["seeds"])
    images = images_of(
        dataset,
        settings["train"],
        seeds,
        (SLUG, f"{PURPOSE}.images", settings["seed"]),
        dtype=torch.float64,
    )
    network = Network(
        "tanh",
        layers=settings["layers"],
        width=settings["width"],
        inputs=images.train.pixels[0, 0].numel(),
    )
    members = Members.grid(seed=seeds, rate=list(settings["rates"]))
    drawn = [
        initial(torch_generator(SLUG, f"{PURPOSE}.weights", settings["seed"], seed), network)
        for seed in members.values("seed")
    ]
    sets = torch.tensor([seeds.index(int(seed)) for seed in members.values("seed")])
    batch = {name: values[sets].to(work.device) for name, values in images.train.batch().items()}
    rates = members.tensor("rate", work.device, torch.float64)
    step = FloodingStep(loss(network), settings["level"], SGD(rates))
    recording = Recording(
        lambda parameters: compared(step, rates, parameters, batch),
        dict.fromkeys(NAMES, ("order",)),
        starts(settings["steps"], settings["pairs"]),
        coords={"order": list(ORDERS)},
    )
    trained = train(
        members,
        stacked(drawn, work.device, torch.float64),
        step,
        lambda _: batch,
        settings["steps"],
        [recording],
        work,
        name=PURPOSE,
    )
    history = trained.history.assign_attrs(
        {name: settings[name] for name in ("level", "train", "layers", "width", "dataset")}
    )
    return xr.DataTree.from_dict({"pairs": history})


def starts(steps: int, pairs: int) -> tuple[int, ...]:
    """Numbers of updates after which a pair of steps is compared: evenly spaced, at most the last third.

    An odd number of steps apart: of steps that alternate, both orders are seen by turns.
    """
    apart = steps // (3 * pairs)
    apart -= 1 - apart % 2
    return tuple(steps - place * apart for place in reversed(range(pairs)))
