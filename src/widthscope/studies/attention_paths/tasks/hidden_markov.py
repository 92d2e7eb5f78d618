"""Sequences of a two-state chain, told apart by how often the state stays, and frozen heads that help or not.

A token shows the chain's state by one of two orthogonal vectors v+ and v- of squared length F, the number of
features, plus normal noise of three strengths: along v+ + v-, along v+ - v-, and in all other directions.
A token without features precedes the sequence, and every token carries its position as a one-hot code.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from widthscope.path_theory.attention import attention_matrices
from widthscope.path_theory.inputs import path_inputs
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.tasks.path_task import PathTask

Head = Literal["same", "uniform", "random"]
Heads = tuple[tuple[Head, ...], ...]

FOUR_PATHS: Heads = (("same", "random"), ("uniform", "random"))
"""Layer by layer. The paths are, in order: good, bad in the second layer, denoising, bad in both."""

TWO_PATHS: Heads = (("same", "uniform"), ("uniform",))
"""The good path and the denoising one."""

SHARPNESS = 10.0
"""Inverse temperature of every softmax."""

PREVIOUS, BEGIN = 1.0, 1.5
"""Scores, in a head that looks for the same token, of the previous token and of the one that begins."""

BLOCK = 128
"""Examples drawn, and in memory, at a time; with another number other sequences are drawn."""


@dataclass(frozen=True)
class Chains:
    """The sequences and the heads that look at them.

    Attributes:
        heads: names of the heads, layer by layer from the first.
        tokens: length T of a sequence without the token that begins it.
        features: F, even; the width N0 of a token is F + T + 1.
        stay: probability that the state stays in class +1; in class -1 it is 1 - stay.
        noise: standard deviation of the noise along v+ + v-, along v+ - v-, and across both.
        readout: which query of the last layer is read.
    """

    heads: Heads = FOUR_PATHS
    tokens: int = 30
    features: int = 200
    stay: float = 0.7
    noise: tuple[float, float, float] = (1.0, 1.0, 1.0)
    readout: Literal["last", "first", "mean"] = "last"

    def __post_init__(self) -> None:
        if self.features < 2 or self.features % 2:
            raise ValueError(
                f"features must be even, since each state owns half of them, not {self.features}"
            )

    @property
    def width(self) -> int:
        """Width N0 of a token, its position code included."""
        return self.features + self.tokens + 1


def hidden_markov(chains: Chains, examples: int, tests: int, *, seed: int, data_seed: int) -> PathTask:
    """A data set with as many sequences of each class as the numbers allow; random heads are its own.

    Args:
        chains: sequences and heads.
        examples: P, to learn from.
        tests: sequences to predict.
        seed: of the run.
        data_seed: which data set; the same sequences are drawn whatever the heads are.
    """
    names = ("attention_paths", "hidden-markov", seed, chains.tokens, chains.features, data_seed)
    forms = bilinear_forms(chains, torch_generator(*names, "heads"))
    train, test = (
        torch.cat(list(_blocks(chains, forms, count, torch_generator(*names, name))))
        for count, name in ((examples, "train"), (tests, "test"))
    )
    return PathTask(train, classes(examples), test, classes(tests))


def classes(count: int) -> Tensor:
    """Labels +1 and -1 in turn, (count,)."""
    labels = torch.ones(count, dtype=torch.float64)
    labels[1::2] = -1.0
    return labels


def sequences(chains: Chains, labels: Tensor, generator: torch.Generator) -> Tensor:
    """Tokens of sequences with these labels, (P, T + 1, N0): the one that begins, then the chain's."""
    count, length = len(labels), chains.tokens
    draws = torch.rand(count, length, generator=generator, dtype=torch.float64)
    stay = torch.where(labels > 0, chains.stay, 1 - chains.stay)
    turns = torch.where(draws < stay[:, None], 1.0, -1.0).to(torch.float64)
    turns[:, 0] = torch.where(draws[:, 0] < 0.5, 1.0, -1.0)
    states = turns.cumprod(dim=1)

    # Drawn in single precision, which takes a sixth of the time.
    noise = torch.randn(count, length, chains.features, generator=generator, dtype=torch.float32).double()
    directions = _directions(chains.features)
    rescaled = torch.tensor(chains.noise[:2], dtype=torch.float64) - chains.noise[2]
    shown = torch.stack([torch.ones_like(states), states], dim=-1) * (chains.features / 2) ** 0.5
    shown += (noise @ directions.mT) * rescaled

    tokens = torch.zeros(count, length + 1, chains.width, dtype=torch.float64)
    tokens[:, 1:, : chains.features] = noise.mul_(chains.noise[2]) + shown @ directions
    tokens[:, :, chains.features :] = torch.eye(length + 1, dtype=torch.float64)
    return tokens


def bilinear_forms(chains: Chains, generator: torch.Generator) -> list[Tensor]:
    """Bilinear form of each head, key first, layer by layer: (H_l, N0, N0)."""
    made = {"same": same_token, "uniform": uniform}
    return [
        torch.stack(
            [random_head(chains, generator) if name == "random" else made[name](chains) for name in layer]
        )
        for layer in chains.heads
    ]


def same_token(chains: Chains) -> Tensor:
    """The good head of the first layer: looks at the previous token if it is equal, else at the beginning.

    Two tokens score 1 if they show the same state and -1 if not, the previous token 1 more; the beginning
    scores 1.5 for every other query.
    """
    form = uniform(chains)
    shown = _directions(chains.features)[1] / (chains.features / 2) ** 0.5
    form[: chains.features, : chains.features] = torch.outer(shown, shown)
    positions = form[chains.features :, chains.features :]
    positions.diagonal(1).fill_(PREVIOUS)
    positions[0, 1:] = BEGIN
    return SHARPNESS * form


def uniform(chains: Chains) -> Tensor:
    """The form of a head that looks at all tokens alike: zero."""
    return torch.zeros(chains.width, chains.width, dtype=torch.float64)


def random_head(chains: Chains, generator: torch.Generator) -> Tensor:
    """A normal form whose blocks give features and positions scores of order one."""
    scale = torch.ones(chains.width, dtype=torch.float64)
    scale[: chains.features] = chains.features**-0.5
    normal = torch.randn(chains.width, chains.width, generator=generator, dtype=torch.float64)
    return SHARPNESS * scale[:, None] * normal * scale


def _directions(features: int) -> Tensor:
    """Unit vectors along v+ + v- and v+ - v-, (2, F)."""
    directions = torch.full((2, features), features**-0.5, dtype=torch.float64)
    directions[1, features // 2 :] *= -1
    return directions


def _blocks(chains: Chains, forms: list[Tensor], count: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Path inputs of `count` sequences of both classes in turn, block by block."""
    labels = classes(count)
    for first in range(0, count, BLOCK):
        tokens = sequences(chains, labels[first : first + BLOCK], generator)
        attentions = [attention_matrices(tokens.float(), form.float()).double() for form in forms]
        yield path_inputs(tokens, attentions, chains.readout)
