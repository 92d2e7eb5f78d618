"""What training mixers takes, for plans: no Torch here.

An image's step costs three times the products of the mixing matrices, and passes over the hidden units and
states. The constants are of one core of a laptop, float32.
"""

from widthscope.mixers.designs import Arm, Shape

SECONDS_PER_PRODUCT = 3.5e-11
"""Of one multiplication and addition in a batched product."""

SECONDS_PER_HIDDEN = 4.5e-9
"""Of one hidden unit of one image in a training step: activation, state beside it, gradients."""

SERIAL = 1.2
"""What a serial block costs, in parallel ones: it normalises twice."""

BASE_MEMORY_MB = 500
"""Resident memory of a process with Torch and xarray before it trains."""


def hidden_units(shape: Shape, arm: Arm) -> int:
    """Of all blocks, for one image: Hs C and S Hc each."""
    each = shape.token_hidden * shape.channels + shape.tokens * shape.channel_hidden
    return arm.widening * shape.blocks * each


def train_seconds(shape: Shape, arm: Arm, images: int, members: int = 2) -> float:
    """Processor seconds of steps with so many images in all, over all members.

    Evaluating an image takes a third of that, or about as long in float64.

    Args:
        shape, arm: of the networks.
        images: of all steps, of all members together.
        members: trained at once; a lone one trains beside a copy of itself and costs as much as two.
    """
    products = 3 * shape.products(arm) * SECONDS_PER_PRODUCT
    passes = hidden_units(shape, arm) * SECONDS_PER_HIDDEN
    company = 2 if members == 1 else 1
    return company * images * (products + passes) * (SERIAL if arm.order == "serial" else 1.0)


def train_memory_mb(
    shape: Shape, arm: Arm, batch: int, members: int, images: tuple[float, float] = (0.0, 0.0)
) -> int:
    """Peak resident memory in MB: what a step keeps for its gradient, weights and Adam's state, and the data.

    Images are divided before the first step.

    Args:
        shape, arm: of the networks.
        batch: images of a step.
        members: trained at once; a lone one has a copy for company.
        images: memory in MB that they take all along, and more of it while they are divided.
    """
    kept = 2.5 * hidden_units(shape, arm) + 8 * shape.blocks * shape.tokens * shape.channels
    weights = 10 * shape.weights(arm)
    step = 4 * max(2, members) * (batch * kept + weights) / 1e6
    held, dividing = images
    return BASE_MEMORY_MB + int(held + max(step, dividing))
