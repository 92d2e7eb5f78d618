"""What a machine without biases learns of Gaussian data: growth of tiny weights, and the optimum."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann.mixture import Machine, between_component_covariance
from widthscope.boltzmann.training import WEIGHTS, LikelihoodStep, adam_cosine, small
from widthscope.ensembles.batches import OwnMinibatches
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.mixtures.laws import STUDY
from widthscope.work import Work

TINY = 1e-6
"""Scale of the initial weights whose growth is measured, relative to the usual small ones.

Terms of second order in the weights change a rate by about this much.
"""


def tables(settings: Mapping[str, Any], seed: int, work: Work) -> dict[str, xr.Dataset]:
    """``growth``: rates by eigenvalue; ``optimum``: learned variances, of the data and of smaller ones.

    Args:
        settings: as in `settings.Threshold`, and ``block``, the first of its seeds and the end of them.
        seed: of the run.
        work: what the job gives.
    """
    eigenvalues = [*settings["below"], *settings["above"]]
    seeds = range(*settings["block"])
    examples = torch.stack(
        [
            gaussian_examples(
                settings["examples"],
                eigenvalues,
                torch_generator(STUDY, "mixtures.threshold", seed, "examples", each),
            )
            for each in seeds
        ]
    ).to(work.device)
    shrink = settings["shrink"]
    learned = [
        learned_variances(scale * examples, settings, seed, work, f"threshold-{label}")
        for label, scale in (("data", 1.0), ("shrunken", shrink))
    ]
    return {
        "growth": _growth(examples, eigenvalues, settings, seed, work),
        "optimum": xr.Dataset(
            {"learned_variance": (("data", "seed", "eigenvalue"), np.stack(learned))},
            coords={"data": ["given", "shrunken"], "seed": seeds, "eigenvalue": eigenvalues},
            attrs={
                "components": settings["components"],
                "examples": settings["examples"],
                "shrink": shrink,
            },
        ),
    }


def gaussian_examples(count: int, eigenvalues: list[float], generator: torch.Generator) -> Tensor:
    """Gaussian examples (count, visible), float64, moved so that mean and covariance are exact.

    Their mean is 0 and their covariance the diagonal matrix of the eigenvalues: the sample's own scatter is
    taken out, so that each eigenvalue lies on its side of 1.
    """
    drawn = torch.randn(count, len(eigenvalues), generator=generator, dtype=torch.float64)
    drawn = drawn - drawn.mean(dim=0)
    root = torch.linalg.cholesky(drawn.T @ drawn / count)
    white = torch.linalg.solve_triangular(root, drawn.T, upper=False).T
    roots = torch.tensor(eigenvalues, dtype=torch.float64).sqrt()
    examples: Tensor = white * roots
    return examples


def learned_variances(
    examples: Tensor, settings: Mapping[str, Any], seed: int, work: Work, label: str
) -> np.ndarray[Any, Any]:
    """Variance of the trained component means along each axis, (seed, axis); float32 training.

    Both data of a comparison start from the same weights.
    """
    members = Members.grid(seed=range(*settings["block"]))
    starts = [
        small(generator, settings["components"], examples.shape[-1], biases=False)
        for generator in members.generators(STUDY, "mixtures.threshold", seed, "weights")
    ]
    steps = settings["steps"]
    step = adam_cosine(settings["rate"], steps)
    batches = OwnMinibatches({"visible": examples.float()})
    trained = train(members, stacked(starts, work.device), step, batches, steps, work=work, name=label)
    between = between_component_covariance(Machine.of(trained.parameters).double())
    found: np.ndarray[Any, Any] = between.diagonal(dim1=-2, dim2=-1).cpu().numpy()
    return found


def _growth(
    examples: Tensor, eigenvalues: list[float], settings: Mapping[str, Any], seed: int, work: Work
) -> xr.Dataset:
    """``rate`` (seed, eigenvalue): log growth per step of the weights along each axis, in float64."""
    members = Members.grid(seed=range(*settings["block"]))
    starts = []
    for generator in members.generators(STUDY, "mixtures.threshold", seed, "tiny weights"):
        weights = small(generator, settings["growth_components"], len(eigenvalues), biases=False)[WEIGHTS]
        starts.append({WEIGHTS: TINY * (weights - weights.mean(dim=0))})
    start = stacked(starts, work.device, torch.float64)
    steps = settings["growth_steps"]
    step = LikelihoodStep(SGD(settings["growth_rate"]))
    batches = OwnMinibatches({"visible": examples})
    trained = train(members, start, step, batches, steps, work=work, name="growth")
    norms = [values[WEIGHTS].norm(dim=1) for values in (start, trained.parameters)]
    return xr.Dataset(
        {"rate": (("seed", "eigenvalue"), ((norms[1] / norms[0]).log() / steps).cpu().numpy())},
        coords={"seed": range(*settings["block"]), "eigenvalue": eigenvalues},
        attrs={
            "learning_rate": settings["growth_rate"],
            "components": settings["growth_components"],
            "steps": steps,
        },
    )
