"""Linear mixings of tables before a linear classifier: Kronecker products and dense matrices, many at once.

Kronecker: logits = H vec(W X V) + b, whose effective weight is V^T kron W;    dense: logits = H B x + b
"""

from collections.abc import Callable

import torch
from torch import Tensor

from widthscope.ensembles.gradient_step import Batch
from widthscope.ensembles.parameters import Parameters
from widthscope.mixers.mixing import initial_weights, mix_channels, mix_tokens
from widthscope.studies.pk_mixer.training import cross_entropy

CLASSES = 10
FORMS = ("kronecker", "dense", "dense again", "even kronecker")
"""Two are for comparison: a dense form from other weights, and one whose entries begin with one size."""


def initial(form: str, tokens: int, channels: int, streams: Callable[[str], torch.Generator]) -> Parameters:
    """One member's parameters, float64; weights have variance 1 / fan-in.

    Args:
        form: one of `FORMS`.
        tokens, channels: of the tables.
        streams: what is drawn -> its generator; heads are drawn alike for all forms.
    """
    units = tokens * channels
    head = initial_weights(1, CLASSES, units, units, 1.0, streams("head"))[0]
    ends = {"head": head, "bias": torch.zeros(CLASSES, dtype=torch.float64)}
    if form.startswith("dense"):
        return ends | {"mixing": initial_weights(1, units, units, units, 1.0, streams(form))[0]}
    factors = {
        "token": initial_weights(1, tokens, tokens, tokens, 1.0, streams(f"{form} token"))[0],
        "channel": initial_weights(1, channels, channels, channels, 1.0, streams(f"{form} channel"))[0],
    }
    if form == "even kronecker":
        factors = {name: weight.sign() / len(weight) ** 0.5 for name, weight in factors.items()}
    return ends | factors


def logits(parameters: Parameters, tables: Tensor) -> Tensor:
    """(member, example, class) of tables (member, example, S, C)."""
    if "mixing" in parameters:
        mixed = tables.flatten(-2) @ parameters["mixing"].mT
    else:
        features = mix_channels(
            mix_tokens(parameters["token"], tables.transpose(1, 2).contiguous()), parameters["channel"]
        )
        mixed = features.transpose(1, 2).flatten(-2)
    return mixed @ parameters["head"].mT + parameters["bias"].unsqueeze(1)


def penalised_loss(parameters: Parameters, batch: Batch) -> Tensor:
    """Each member's cross-entropy + lambda / 2 times the sum of its squared weights; biases are free."""
    found = cross_entropy(logits(parameters, batch["tables"]), batch["labels"])
    squares = sum(value.square().flatten(1).sum(1) for name, value in parameters.items() if name != "bias")
    return found + batch["penalty"] / 2 * squares


def effective_weight(parameters: Parameters) -> Tensor:
    """The dense matrix of the mixing, (member, S C, S C), of row-major tables: W kron V^T, float64."""
    if "mixing" in parameters:
        return parameters["mixing"].double()
    W, V = parameters["token"].double(), parameters["channel"].double()
    units = W.shape[-1] * V.shape[-1]
    return torch.einsum("rst,rcd->rsdtc", W, V).reshape(len(W), units, units)
