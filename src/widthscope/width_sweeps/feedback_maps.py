"""Target propagation's feedback maps in a sweep: their rates at a width, and how they begin."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.local.feedback import FeedbackLearning, Noise, initial_feedback, pretrained
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.models import mlp
from widthscope.parameterisations.exponents import Exponents
from widthscope.streams import Name, torch_generator
from widthscope.width_sweeps.batches import shared_batches
from widthscope.width_sweeps.problems import Problem

NOISE = 0.1
"""eps where none is given."""


def feedback_rates(exponents: Exponents, rate: float, layers: int, width: int, base: int) -> dict[str, float]:
    """Each map's learning rate at this width, of the base width's eta~'; none where that is 0."""
    if not rate:
        return {}
    return {
        f"Q{layer}": rate * exponents.feedback_rate(layer, layers, width, base)
        for layer in range(2, layers + 1)
    }


def maps_of_seeds(
    problem: Problem,
    weights: Parameters,
    seeds: Sequence[int],
    exponents: Exponents,
    options: Mapping[str, Any],
    *,
    width: int,
    base: int,
    activation: str,
    batch: int,
    purpose: tuple[Name, ...],
) -> Parameters:
    """Every seed's maps at a width, pre-trained where an arm's options say so.

    Args:
        problem: on the weights' device and in their dtype.
        weights: (seed, ...) by name.
        seeds: which these are.
        exponents: the arm's.
        options: the arm's: `pretraining`, `pretraining_rate`, `feedback_rate`, `noise`, `tied`.
        width, base: M and M_0.
        activation: of the network.
        batch: examples of a step of pre-training; 0 for all.
        purpose: names of the sweep's random streams.
    """
    steps = options.get("pretraining", 0)
    rate = options.get("pretraining_rate") or options.get("feedback_rate", 0.0)
    own = (*purpose, "feedback")
    layers = len(weights)
    return initial_maps(
        [(*own, width, seed) for seed in seeds],
        mlp.sizes(problem.inputs, width, problem.outputs, layers),
        weights,
        feedback_rates(exponents, rate, layers, width, base),
        activation,
        shared_batches(problem, batch, max(steps, 1), own, len(seeds)),
        steps,
        options.get("noise", NOISE),
        options.get("tied", 0.0) * (width / base) ** 0.5,
    )


def initial_maps(
    keys: Sequence[tuple[Name, ...]],
    shape: tuple[int, ...],
    weights: Parameters,
    rates: Mapping[str, float],
    activation: str,
    batches: Callable[[int], Batch],
    steps: int,
    noise: float = NOISE,
    tied: float = 0.0,
) -> Parameters:
    """The maps Q_2, ..., Q_L of each draw of weights, after `steps` steps of their own.

    Args:
        keys: names of each draw's stream.
        shape: n_0, ..., n_L.
        weights: (draw, ...) by name, which stand still.
        rates: of the maps, by name.
        activation: of the network.
        batches: of the steps.
        steps: of pre-training.
        noise: eps of the maps' inputs.
        tied: if not 0, the last map is this times the transposed readout, in place of a draw of its own: a
            wrong one, which makes the rule back-propagation in disguise.
    """
    like = weights["W1"]

    def drawn(key: tuple[Name, ...]) -> Parameters:
        maps = initial_feedback(torch_generator(*key, "maps"), shape)
        return {name: values.to(like.dtype) for name, values in maps.items()}  # at once: there are many

    maps = stacked([drawn(key) for key in keys], like.device, like.dtype)
    if tied:
        last = len(shape) - 1
        maps[f"Q{last}"] = (tied * weights[f"W{last}"].mT).contiguous()
    if not steps or not rates:
        return maps
    perturbed = Noise([(*key, "noise") for key in keys], noise) if noise else None
    learning = FeedbackLearning(activation, dict(rates), perturbed)
    learnt = pretrained({**weights, **maps}, learning, batches, steps)
    return {name: learnt[name] for name in maps}
