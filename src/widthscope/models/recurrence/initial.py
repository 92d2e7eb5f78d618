"""First parameters of a recurrent model, and the states of its theory, one member at a time.

Everything is drawn in float64 on the CPU, without member dimension: `ensembles.parameters.stacked` joins
members.
"""

import math

import torch
from torch import Tensor

from widthscope.models.recurrence.rule import RecurrenceError, Rule

Parameters = dict[str, Tensor]


def initial(
    rule: Rule,
    generator: torch.Generator,
    width: int,
    heads: int,
    sigma: float = 1.0,
    score_gain: float = 1.0,
    step: float = 1.0,
    frequency: float = 0.1,
    projection_biases: bool = False,
) -> Parameters:
    """One member's parameters (theory notes 2, "initialisation for the theory").

    `query`, `key`, `value`, `output`: (head, head_dim, width), entries N(0, 1 / width), times factors below;
    `step` (); `output_bias` (width,) = 0; `gain` (width,) = 1 where itrsa has a norm; `frequency` () for
    akorn. Symmetric weights have `query` and `key` of one head only, of head_dim = width / heads.

    Args:
        width: D, coordinates of a token.
        heads: H, a divisor of the width.
        sigma: sigma_v sigma_o: values and outputs are each multiplied by its square root.
        score_gain: factor of the queries, hence of all scores.
        step: eta.
        frequency: omega of all oscillators.
        projection_biases: whether queries, keys and values have biases, (head, head_dim) = 0.

    Raises:
        RecurrenceError: if the width does not split into heads or oscillators.
    """
    rule.check_width(width)
    if heads < 1 or width % heads:
        raise RecurrenceError(f"width {width} does not split into {heads} heads; give a divisor of the width")
    symmetric = rule.weights == "symmetric"
    shape = (1 if symmetric else heads, width // heads, width)

    def weights(factor: float = 1.0) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64) * (factor / math.sqrt(width))

    def constant(value: float, *shape: int) -> Tensor:
        return torch.full(shape, value, dtype=torch.float64)

    parameters = {"query": weights(score_gain), "key": weights()}
    if not symmetric:
        parameters["value"], parameters["output"] = weights(math.sqrt(sigma)), weights(math.sqrt(sigma))
        if projection_biases:
            parameters |= {f"{name}_bias": constant(0, *shape[:2]) for name in ("query", "key", "value")}
    parameters["output_bias"] = constant(0, width)
    parameters["step"] = constant(step)
    if rule.model == "akorn":
        parameters["frequency"] = constant(frequency)
    elif rule.norm != "none":
        parameters["gain"] = constant(1, width)
    return parameters


def sphere_tokens(
    generator: torch.Generator, batch: int, count: int, width: int, radius: float = 1.0
) -> Tensor:
    """Tokens iid uniform on the sphere of a radius, (batch, token, width), float64."""
    drawn = torch.randn(batch, count, width, generator=generator, dtype=torch.float64)
    return drawn * (radius / _lengths(drawn))


def relative_drive(generator: torch.Generator, tokens: Tensor, kappa: float) -> Tensor:
    """A drive C of iid uniform directions with |c_i| = kappa |x_i| (theory notes 2), of the tokens' shape."""
    drawn = torch.randn(tokens.shape, generator=generator, dtype=torch.float64)
    return drawn * (kappa * _lengths(tokens) / _lengths(drawn))


def _lengths(tokens: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(tokens, dim=-1, keepdim=True)
    return lengths
