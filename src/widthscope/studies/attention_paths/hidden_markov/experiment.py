"""The experiments on hidden Markov chains: one shard runs those that its settings name."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr

from widthscope.path_theory.minimise import Solution, minimise
from widthscope.studies.attention_paths.hidden_markov import depth
from widthscope.studies.attention_paths.hidden_markov.data import (
    DataSet,
    data_sets,
    permuted_labels,
    teacher_labels,
)
from widthscope.studies.attention_paths.hidden_markov.observables import alignments
from widthscope.studies.attention_paths.hidden_markov.solutions import (
    over_temperatures,
    over_widths,
    posed,
    test_of,
    validation_of,
    with_labels,
)
from widthscope.studies.attention_paths.hidden_markov.variants import (
    FOUR,
    KERNELS,
    LABELS,
    PATHS,
    RESTRICTIONS,
    SUBSETS,
    TEACHERS,
    VARIANTS,
)
from widthscope.work import Work

Arrays = dict[str, np.ndarray]

DIMENSIONS: dict[str, tuple[str, ...]] = {
    "accuracy": ("subset", "width"),
    "gradient_norm": ("subset", "width"),
    "evaluations": ("subset", "width"),
    "infinite_by_temperature": ("subset", "temperature", "part"),
    "infinite_accuracy": ("subset",),
    "finite_by_temperature": ("temperature", "part"),
    "order_parameter": ("width", "path", "path2"),
    "single_weight": ("width",),
    "rescaled_accuracy": ("width",),
    "restricted_accuracy": ("restriction",),
    "teacher_order_parameter": ("teacher", "path", "path2"),
    "cosine": ("kernel", "labelled"),
    "overlap": ("kernel", "labelled", "rank"),
    "labels": ("example",),
}
PARTS = ("validation", "test")


def run(settings: Mapping[str, Any], datasets: Mapping[str, xr.Dataset], work: Work) -> xr.DataTree:
    """The tables by name, of those experiments that `settings` has the settings of."""
    tables = {
        name: depth.run(own, work) if name == "depth" else variant_table(name, own, work)
        for name, own in settings.items()
    }
    return xr.DataTree.from_dict(tables)


def variant_table(variant: str, settings: Mapping[str, Any], work: Work) -> xr.Dataset:
    """What finite width gains in one variant of the task, over (seed, ...).

    Args:
        variant: one of `variants.VARIANTS`.
        settings: those of the family without its depths, and the seed of the run.
        work: progress; everything is small and runs on the CPU.
    """
    if variant not in VARIANTS:
        raise ValueError(f"variant '{variant}', allowed: {', '.join(VARIANTS)}")
    found = [
        one_data_set(variant, settings, data_seed)
        for data_seed in work.progress(range(settings["seeds"]), description=variant)
    ]
    return xr.Dataset(
        {name: (("seed", *DIMENSIONS[name]), np.stack([one[name] for one in found])) for name in found[0]},
        coords={
            "seed": np.arange(settings["seeds"]),
            "subset": list(SUBSETS[variant]),
            "width": list(settings["widths"]),
            "temperature": list(settings["temperatures"]),
            "part": list(PARTS),
            "path": list(PATHS[variant]),
            "path2": list(PATHS[variant]),
            "restriction": list(RESTRICTIONS),
            "kernel": list(KERNELS),
            "labelled": list(LABELS),
            **({"teacher": list(TEACHERS)} if variant == FOUR else {}),
        },
        attrs={name: settings[name] for name in ("examples", "tests", "validation", "shuffles")}
        | {"fixed_temperature": settings["temperature"]},
    )


def one_data_set(variant: str, settings: Mapping[str, Any], data_seed: int) -> Arrays:
    """Every quantity of one data set, with its dimensions in `DIMENSIONS`."""
    sets = data_sets(variant, settings, data_seed)
    temperature = settings["temperature"]
    solved = {name: over_widths(data, settings["widths"], temperature) for name, data in sets.items()}
    whole = sets["all"]
    narrowest = solved["all"][settings["widths"][0]]
    learned = narrowest.converged_weights
    arrays = {
        **_over_subsets(sets, solved, settings),
        "finite_by_temperature": _finite_by_temperature(whole, narrowest, settings),
        "order_parameter": np.stack([one.converged_weights.numpy() for one in _ordered(solved["all"])]),
        "rescaled_accuracy": _rescaled(whole, settings),
        "restricted_accuracy": _restricted(whole, narrowest, settings, data_seed),
        "labels": whole.labels.numpy(),
    }
    permuted = permuted_labels(whole.labels, settings["seed"], data_seed, settings["shuffles"])
    arrays["cosine"], arrays["overlap"] = alignments(
        whole.kernels, {"finite": learned, "infinite": _identity(whole)}, [whole.labels, permuted]
    )
    if variant == FOUR:
        arrays["single_weight"] = np.array([float(one.converged_weights) for one in _ordered(solved["good"])])
        arrays["teacher_order_parameter"] = _teachers(whole, settings, data_seed)
    return arrays


def _ordered(solved: Mapping[int, Solution]) -> list[Solution]:
    return [solved[width] for width in sorted(solved)]


def _identity(data: DataSet) -> torch.Tensor:
    """The path weights of infinite width."""
    return torch.eye(data.inputs.shape[1], dtype=torch.float64)


def _over_subsets(
    sets: Mapping[str, DataSet], solved: Mapping[str, Mapping[int, Solution]], settings: Mapping[str, Any]
) -> Arrays:
    """Accuracies of each subset of paths at finite and infinite width, and how the minima were reached."""
    grid, temperature = settings["temperatures"], settings["temperature"]
    accuracy, norms, evaluations, tuned, infinite = [], [], [], [], []
    for name, data in sets.items():
        solutions = _ordered(solved[name])
        held_out = test_of(data)
        accuracy.append([held_out.accuracy(one.converged_weights, temperature) for one in solutions])
        norms.append([one.gradient_norm for one in solutions])
        evaluations.append([one.evaluations for one in solutions])
        by_temperature = held_out.accuracies(_identity(data), [*grid, temperature]).numpy()
        infinite.append(by_temperature[-1])
        chosen_on = validation_of(data).accuracies(_identity(data), grid).numpy()
        tuned.append(np.stack([chosen_on, by_temperature[:-1]], axis=-1))
    return {
        "accuracy": np.array(accuracy),
        "gradient_norm": np.array(norms),
        "evaluations": np.array(evaluations, dtype=float),
        "infinite_by_temperature": np.array(tuned),
        "infinite_accuracy": np.array(infinite),
    }


def _finite_by_temperature(data: DataSet, start: Solution, settings: Mapping[str, Any]) -> np.ndarray:
    """Accuracies of the narrowest network by temperature, on validation and test sequences."""
    grid = settings["temperatures"]
    solutions = over_temperatures(data, settings["widths"][0], grid, start)
    return np.array(
        [
            [part.accuracy(one.converged_weights, at) for part in (validation_of(data), test_of(data))]
            for at, one in zip(grid, solutions, strict=True)
        ]
    )


def _rescaled(data: DataSet, settings: Mapping[str, Any]) -> np.ndarray:
    """Accuracies (width,) with the action minimised over multiples of the identity: another temperature."""
    temperature, held_out = settings["temperature"], test_of(data)
    solutions = (minimise(posed(data, width, temperature), scalar=True) for width in settings["widths"])
    return np.array([held_out.accuracy(one.converged_weights, temperature) for one in solutions])


def _restricted(data: DataSet, learned: Solution, settings: Mapping[str, Any], data_seed: int) -> np.ndarray:
    """Accuracies of the narrowest network with each of `RESTRICTIONS` in the place of its path weights."""
    width, temperature = settings["widths"][0], settings["temperature"]
    held_out = test_of(data)
    turned = torch.ones(data.inputs.shape[1], dtype=torch.float64)
    turned[len(turned) // 2] = -1.0  # denoising: the first path through the other head of layer 1
    shuffled = [
        minimise(posed(with_labels(data, labels), width, temperature))
        for labels in (
            permuted_labels(data.labels, settings["seed"], data_seed, shuffle)
            for shuffle in range(settings["shuffles"])
        )
    ]
    found = {
        "diagonal": held_out.accuracy(
            minimise(posed(data, width, temperature), diagonal=True).converged_weights, temperature
        ),
        "negated": held_out.accuracy(turned[:, None] * learned.converged_weights * turned, temperature),
        "shuffled": np.mean([held_out.accuracy(one.converged_weights, temperature) for one in shuffled]),
    }
    return np.array([found[name] for name in RESTRICTIONS])


def _teachers(data: DataSet, settings: Mapping[str, Any], data_seed: int) -> np.ndarray:
    """Path weights of the narrowest network that learns the labels of each teacher, (teacher, D, D)."""
    width, temperature = settings["widths"][0], settings["temperature"]
    learned = [
        minimise(
            posed(
                with_labels(data, teacher_labels(data, teacher, settings["seed"], data_seed)),
                width,
                temperature,
            )
        )
        for teacher in TEACHERS
    ]
    return np.stack([one.converged_weights.numpy() for one in learned])
