"""A mixer that classifies images: patches, blocks, normalised tokens, their mean, a linear readout."""

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.mixers import tied
from widthscope.mixers.activations import ACTIVATIONS
from widthscope.mixers.designs import Arm, MixerError, Shape
from widthscope.mixers.normalisation import per_token
from widthscope.mixers.parallel import block


def draw(arm: Arm, shape: Shape, generator: torch.Generator) -> Parameters:
    """One member's parameters in float64, without a member dimension.

    ``embed`` (C, d) is normal with variance 1/d, mixing matrices are Xavier-uniform, ``gain`` is 1.
    ``readout`` (class, C), biases and ``shift`` are 0: all mixing matrices' first gradients are then 0.

    Source: theory notes, section 2.
    """
    size = shape.patch_size
    embed = torch.randn(shape.channels, size, generator=generator, dtype=torch.float64) / size**0.5

    def zeros(*sizes: int) -> Tensor:
        return torch.zeros(*sizes, dtype=torch.float64)

    return {
        "embed": embed,
        "embed_bias": zeros(shape.channels),
        **tied.draw(arm, shape, generator),
        "gain": 1 + zeros(shape.channels),
        "shift": zeros(shape.channels),
        "readout": zeros(shape.classes, shape.channels),
        "readout_bias": zeros(shape.classes),
    }


def patches(images: Tensor, shape: Shape) -> Tensor:
    """Images (member, example, colour, row, column) as tables of patches (member, token, example, d).

    Tokens go row by row over the image, a patch's numbers colour by colour and row by row.

    Raises:
        MixerError: if the images have another side or other colours than the shape.
    """
    members, examples, colours, rows, columns = images.shape
    side, patch = shape.side, shape.patch
    if shape.upscale and (rows, columns) != (side, side):
        flat = images.flatten(0, 1)
        flat = torch.nn.functional.interpolate(flat, size=(side, side), mode="bilinear", align_corners=False)
        images, rows, columns = flat.view(members, examples, colours, side, side), side, side
    if (colours, rows, columns) != (shape.colours, side, side):
        raise MixerError(
            f"images of {colours} colours, {rows} rows and {columns} columns were given to a mixer for "
            f"{shape.colours} colours and a side of {side}"
        )
    count = side // patch
    cut = images.reshape(members, examples, colours, count, patch, count, patch)
    return cut.permute(0, 3, 5, 1, 2, 4, 6).reshape(members, shape.tokens, examples, shape.patch_size)


def embedded(parameters: Parameters, images: Tensor, shape: Shape) -> Tensor:
    """State that enters the first block, (member, token, example, channel)."""
    cut = patches(images, shape)
    x = torch.baddbmm(parameters["embed_bias"][:, None], cut.flatten(1, 2), parameters["embed"].mT)
    return x.view(*cut.shape[:3], shape.channels)


def states(arm: Arm, shape: Shape, parameters: Parameters, images: Tensor) -> list[Tensor]:
    """State before each block and after the last, (member, token, example, channel) each."""
    found = [embedded(parameters, images, shape)]
    for each in tied.couplings(arm, parameters):
        found.append(block(found[-1], each, ACTIVATIONS[shape.activation], arm.order))
    return found


def read_out(parameters: Parameters, x: Tensor) -> Tensor:
    """Scores of the classes, (member, example, class), from the last state."""
    # Gain and shift are the same for all tokens: they may follow the mean over these.
    mean = per_token(x).mean(1) * parameters["gain"][:, None] + parameters["shift"][:, None]
    return torch.baddbmm(parameters["readout_bias"][:, None], mean, parameters["readout"].mT)


def logits(arm: Arm, shape: Shape, parameters: Parameters, images: Tensor) -> Tensor:
    """Scores of the classes, (member, example, class).

    Args:
        arm: how blocks are arranged and tied.
        shape: sizes.
        parameters: as of `draw`, (member, ...).
        images: (member, example, colour, row, column).
    """
    x = embedded(parameters, images, shape)
    for each in tied.couplings(arm, parameters):
        x = block(x, each, ACTIVATIONS[shape.activation], arm.order)
    return read_out(parameters, x)
