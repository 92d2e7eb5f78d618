"""What a trained network answers after more or fewer iterations than it was trained with."""

from collections.abc import Sequence

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.studies.jacobian_dynamics.networks.embedding import Inputs
from widthscope.studies.jacobian_dynamics.networks.network import Network

BLOCK_NUMBERS = 2**22
"""Numbers of the readout's largest array that are held at once, about."""


def predictions(
    network: Network, parameters: Parameters, inputs: Inputs, iterations: Sequence[int]
) -> Tensor:
    """The class of the largest logit after each number of iterations.

    Args:
        inputs: tensors (member, batch, ...); taken in blocks of the batch.
        iterations: rising numbers of updates.

    Returns:
        int64, (member, batch, iteration) or, for an answer to each token, (member, batch, iteration, token).
        A state that overflowed answers -1.
    """
    first = next(iter(inputs.values()))
    member, batch = first.shape[:2]
    one = member * network.embedding.tokens * network.width * network.readout.channels
    size = max(1, BLOCK_NUMBERS // one)
    blocks = []
    with torch.no_grad():
        for begin in range(0, batch, size):
            block = {name: values[:, begin : begin + size] for name, values in inputs.items()}
            blocks.append(
                torch.stack(
                    [_answer(logits) for _, logits in network.logits_over(parameters, block, iterations)],
                    dim=2,
                )
            )
    return torch.cat(blocks, dim=1)


def _answer(logits: Tensor) -> Tensor:
    return torch.where(logits.isfinite().all(dim=-1), logits.argmax(dim=-1), -1)
