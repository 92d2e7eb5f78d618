"""Order parameters of a data set, and how often their predictor is right."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from widthscope.path_theory.cross_kernels import cross_kernel
from widthscope.path_theory.minimise import Solution, minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import Problem, problem
from widthscope.path_theory.starts import anneal
from widthscope.studies.attention_paths.hidden_markov.data import DataSet


def posed(data: DataSet, width: int, temperature: float) -> Problem:
    """The posterior of a network of equal widths."""
    network = Network.equal(data.heads, width)
    return problem(data.inputs, data.labels, temperature, network, kernels=data.kernels)


def over_widths(data: DataSet, widths: Sequence[int], temperature: float) -> dict[int, Solution]:
    """Minima of the action by width, from wide to narrow, each started from the last."""
    widest = posed(data, max(widths), temperature)
    found = anneal(lambda width: widest.at(network=Network.equal(data.heads, width)), widths)
    return dict(zip(widths, found, strict=True))


def over_temperatures(
    data: DataSet, width: int, temperatures: Sequence[float], start: Solution
) -> list[Solution]:
    """Minima of the action in the order of the temperatures, each started from the last."""
    found = [start]
    for temperature in temperatures:
        found.append(minimise(posed(data, width, temperature), found[-1].order))
    return found[1:]


def with_labels(data: DataSet, labels: Tensor) -> DataSet:
    """The same sequences with other labels to learn."""
    return replace(data, labels=labels)


@dataclass(frozen=True)
class HeldOut:
    """Sequences of which the sign of the mean prediction is to be the label.

    Attributes:
        data: what is learned from.
        inputs: path inputs of the held-out sequences, (M, D, N0).
        labels: of these, (M,).
    """

    data: DataSet
    inputs: Tensor
    labels: Tensor

    def means(self, weights: Tensor, temperatures: Sequence[float]) -> Tensor:
        """Mean predictions (temperature, M) with path weights U (D, D): k (K + T I)^-1 y."""
        values, vectors = torch.linalg.eigh(self.data.kernels.kernel(weights))
        shifted = values + torch.tensor(list(temperatures), dtype=values.dtype)[:, None]
        dual = (vectors.mT @ self.data.labels / shifted) @ vectors.mT
        means: Tensor = dual @ cross_kernel(weights, self.data.inputs, self.inputs)
        return means

    def accuracies(self, weights: Tensor, temperatures: Sequence[float]) -> Tensor:
        """Shares of correct signs, (temperature,); NaN where the path weights are."""
        if not bool(torch.isfinite(weights).all()):
            return torch.full((len(temperatures),), torch.nan, dtype=weights.dtype)
        right = self.means(weights, temperatures).sign() == self.labels
        return right.to(weights.dtype).mean(dim=1)

    def accuracy(self, weights: Tensor, temperature: float) -> float:
        """Share of correct signs; NaN where the path weights are."""
        return float(self.accuracies(weights, [temperature])[0])


def test_of(data: DataSet) -> HeldOut:
    """The sequences that accuracies are measured on."""
    return HeldOut(data, data.tests, data.test_labels)


def validation_of(data: DataSet) -> HeldOut:
    """The sequences that temperatures are chosen on."""
    return HeldOut(data, data.validation, data.validation_labels)
