"""Trained networks with one of their scales changed (arXiv:2505.19458 varies them to move the exponent)."""

from widthscope.ensembles.parameters import Parameters

SCALES = ("step", "value_output", "input")
"""The step size eta; the product of values and outputs; the drive, at a first state as it was."""


def rescaled(parameters: Parameters, what: str, factor: float) -> Parameters:
    """Parameters with one of `SCALES` multiplied by a factor.

    `value_output` multiplies every W_V,h W_O,h, by its outputs; of symmetric weights, whose values are A, it
    multiplies the keys, hence scores and values alike. `input` multiplies all maps of the embedding, so that
    the drive has the factor, and the normalised first state is as it was.

    Raises:
        ValueError: if there is no such scale.
    """
    if what == "step":
        changed: tuple[str, ...] = ("step",)
    elif what == "value_output":
        changed = ("output",) if "output" in parameters else ("key",)
    elif what == "input":
        changed = tuple(name for name in parameters if name.startswith("embed_"))
    else:
        raise ValueError(f"there is no scale {what!r}; there are {', '.join(SCALES)}")
    return {name: value * factor if name in changed else value for name, value in parameters.items()}
