"""One step of each method on one batch, run and watched: matrix products, multiplications, bytes kept."""

from collections.abc import Mapping
from typing import Any

import torch
import xarray as xr

from widthscope.ensembles.gradient_step import Batch, GradientStep, Step
from widthscope.ensembles.independence import one_thread
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.gradient_regularisation.counts import MatrixProducts
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep, DoubleBackpropagationStep
from widthscope.gradient_regularisation.memory import SavedBytes
from widthscope.streams import torch_generator
from widthscope.studies.gradient_regularization.networks import Network, initial, loss
from widthscope.work import Work

SLUG, PURPOSE = "gradient_regularization", "costs"

STRENGTH, ASCENT, RATE = 0.1, 0.05, 0.01
"""Of the steps that are watched; neither products nor bytes depend on them."""


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """Table `steps`: `products`, `multiplications` and `bytes` by (activation, layers, way).

    On the CPU wherever the run computes: what is counted does not depend on the device.

    Args:
        settings: those of `Costs`, and `seed`.
        datasets: none is read; images are random, and labels too.
        work: reports progress.
    """
    activations, depths = settings["activations"], settings["depths"]
    pairs = [(activation, depth) for activation in activations for depth in depths]
    found = []
    with one_thread():
        for activation, depth in work.progress(pairs, description="costs"):
            network = Network(activation, layers=depth, width=settings["width"], inputs=settings["width"])
            found.append(watched(network, settings["batch"], settings["seed"]))
    ways = list(found[0])
    dims = ("activation", "layers", "way")
    shape = (len(activations), len(depths), len(ways))
    table = xr.Dataset(
        {
            name: (
                dims,
                torch.tensor([[each[way][place] for way in ways] for each in found]).reshape(shape).numpy(),
            )
            for place, name in enumerate(("products", "multiplications", "bytes"))
        },
        coords={"activation": list(activations), "layers": list(depths), "way": ways},
        attrs={"width": settings["width"], "batch": settings["batch"]},
    )
    return xr.DataTree.from_dict({"steps": table})


def watched(network: Network, examples: int, seed: int) -> dict[str, tuple[int, int, int]]:
    """Products, multiplications and most bytes kept of one step, by method."""
    generator = torch_generator(SLUG, PURPOSE, seed, network.activation, network.layers)
    parameters = stacked([initial(generator, network)])
    batch = {
        "x": torch.randn(1, examples, network.inputs, generator=generator),
        "labels": torch.randint(network.classes, (1, examples), generator=generator),
    }
    return {name: costs(step, parameters, batch) for name, step in steps(network).items()}


def steps(network: Network) -> dict[str, Step]:
    """A step of each method."""
    own, optimiser = loss(network), SGD(RATE)
    return {
        "gradient": GradientStep(own, optimiser),
        "forward": DifferenceStep(own, optimiser, STRENGTH, ASCENT),
        "backward": DifferenceStep(own, optimiser, STRENGTH, -ASCENT),
        "double": DoubleBackpropagationStep(own, optimiser, STRENGTH),
    }


def costs(step: Step, parameters: Parameters, batch: Batch) -> tuple[int, int, int]:
    """What one step multiplies and keeps, as in `watched`."""
    with MatrixProducts() as multiplied, SavedBytes() as kept:
        step(parameters, step.start(parameters), batch, 0)
    return multiplied.products, multiplied.multiplications, kept.most
