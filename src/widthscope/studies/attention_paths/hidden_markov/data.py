"""The data sets of one variant: sequences to learn from, to choose temperatures on, and to be judged on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from widthscope.path_theory.kernels import Kernels, kernels_of
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.hidden_markov.variants import (
    FOUR,
    HEADS,
    NOISE,
    PATHS,
    SUBSETS,
    TEACHERS,
    TWO,
)
from widthscope.studies.attention_paths.tasks.hidden_markov import (
    FOUR_PATHS,
    TWO_PATHS,
    Chains,
    hidden_markov,
)
from widthscope.studies.attention_paths.tasks.path_task import PathTask

CHAINS = {FOUR: Chains(heads=FOUR_PATHS, noise=NOISE[FOUR]), TWO: Chains(heads=TWO_PATHS, noise=NOISE[TWO])}


@dataclass(frozen=True)
class DataSet:
    """What a network with some of the paths sees.

    Attributes:
        heads: of each layer.
        inputs: path inputs of the examples that are learned from, (P, D, N0).
        labels: of these, (P,).
        kernels: of the same, built once for all widths, temperatures and labels.
        tests: path inputs of the sequences that accuracies are measured on, (tests, D, N0).
        test_labels: of these.
        validation: path inputs of the sequences that temperatures are chosen on.
        validation_labels: of these.
    """

    heads: tuple[int, ...]
    inputs: Tensor
    labels: Tensor
    kernels: Kernels
    tests: Tensor
    test_labels: Tensor
    validation: Tensor
    validation_labels: Tensor


def data_sets(variant: str, settings: Mapping[str, Any], data_seed: int) -> dict[str, DataSet]:
    """The same sequences as seen by each subset of the variant's paths, by the subset's name.

    Validation sequences are drawn after those of the test, from the same law, and none is in both.
    """
    tests = settings["tests"]
    task = hidden_markov(
        CHAINS[variant],
        settings["examples"],
        tests + settings["validation"],
        seed=settings["seed"],
        data_seed=data_seed,
    )
    return {
        name: _seen_by([PATHS[variant].index(path) for path in paths], HEADS[name][variant], task, tests)
        for name, paths in SUBSETS[variant].items()
    }


def _seen_by(paths: list[int], heads: tuple[int, ...], task: PathTask, tests: int) -> DataSet:
    seen = task.with_paths(paths)
    return DataSet(
        heads=heads,
        inputs=seen.inputs,
        labels=seen.labels,
        kernels=kernels_of(seen.inputs),
        tests=seen.test_inputs[:tests],
        test_labels=seen.test_labels[:tests],
        validation=seen.test_inputs[tests:],
        validation_labels=seen.test_labels[tests:],
    )


def permuted_labels(labels: Tensor, seed: int, data_seed: int, shuffle: int) -> Tensor:
    """The labels in another order, so that as many are of each class."""
    generator = torch_generator("attention_paths", "hidden-markov", seed, "permutation", data_seed, shuffle)
    return labels[torch.randperm(len(labels), generator=generator)]


def teacher_labels(data: DataSet, teacher: str, seed: int, data_seed: int) -> Tensor:
    """Labels by which side of the median a linear readout of paths lies on, that are not the chain's, (P,).

    Of the four paths, `random paths` are read by one vector of normal weights each, and the good and the
    denoising path's sum by one vector for both.
    """
    generator = torch_generator("attention_paths", "hidden-markov", seed, "teacher", teacher, data_seed)
    good, first, denoising, second = data.inputs.unbind(1)
    seen = [first, second] if teacher == TEACHERS[0] else [good + denoising]
    score = sum(
        (one @ torch.randn(one.shape[1], generator=generator, dtype=one.dtype) for one in seen),
        torch.zeros(len(good), dtype=good.dtype),
    )
    return torch.where(score > score.median(), 1.0, -1.0).to(data.labels.dtype)
