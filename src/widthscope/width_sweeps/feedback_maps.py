"""Target propagation's feedback maps in a sweep: their rates at a width, and how they begin."""

from collections.abc import Callable, Mapping, Sequence

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.local.feedback import FeedbackLearning, Noise, initial_feedback, pretrained
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.parameterisations.exponents import Exponents
from widthscope.streams import Name, torch_generator

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
