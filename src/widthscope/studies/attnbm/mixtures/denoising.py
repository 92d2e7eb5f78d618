"""Softmax autoencoders that denoise clean cluster centres, and the densities that they have learned."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann.autoencoder import AutoencoderStep
from widthscope.boltzmann.mixture import Machine, mean_negative_log_likelihood, mixing_weights
from widthscope.boltzmann.training import adam_cosine, small
from widthscope.ensembles.batches import Fresh, OwnMinibatches, epochs
from widthscope.ensembles.gradient_step import Batch, Step
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.schedules import warmup_cosine
from widthscope.ensembles.training import Trained, train
from widthscope.studies.attnbm.mixtures.laws import STUDY, Law
from widthscope.work import Work

LAST = 0.2
"""Share of the steps, the last ones, over which a run's loss is averaged to choose among restarts."""


def tables(settings: Mapping[str, Any], seed: int, work: Work) -> dict[str, xr.Dataset]:
    """A table for each arm: gaps to the law in nats, and errors of mixing weights, of the chosen restart.

    ``autoencoder``, its control ``loud`` and the ``likelihood`` see the same centres; those of ``distant``
    lie further apart.

    Args:
        settings: as in `settings.Denoising`, and ``block``, the first of its seeds and the end of them.
        seed: of the run.
        work: what the job gives.
    """
    arms = {
        "autoencoder": (settings["spread"], 1.0),
        "loud": (settings["spread"], settings["loud"]),
        "distant": (settings["wide_spread"], 1.0),
        "likelihood": (settings["spread"], 0.0),
    }
    return {arm: _table(arm, spread, noise, settings, seed, work) for arm, (spread, noise) in arms.items()}


def _table(
    arm: str, spread: float, noise: float, settings: Mapping[str, Any], seed: int, work: Work
) -> xr.Dataset:
    """Of one arm; noise 0 stands for training by the likelihood on noisy examples."""
    size = (settings["components"], settings["visible"], spread)
    seeds = range(*settings["block"])
    laws = [Law.of(*size, (STUDY, "mixtures.denoising", seed, each)) for each in seeds]
    members = Members.grid(seed=seeds, restart=range(settings["restarts"]))
    weights = members.generators(STUDY, "mixtures.denoising", seed, "weights", by=("seed", "restart"))
    start = stacked([small(each, *size[:2]) for each in weights], work.device)
    steps = settings["steps"]
    batches: Callable[[int], Batch]
    step: Step
    if noise:
        step = AutoencoderStep(Adam(settings["rate"]), warmup_cosine(0, steps))
        batches = _Corrupted(laws, members, noise, settings["batch"], seed, work.device)
    else:
        step = adam_cosine(settings["rate"], steps)
        batches = _noisy_examples(laws, members, settings, seed, work.device)
    trained = train(members, start, step, batches, steps, work=work, name=f"denoising-{arm}")
    return _of_the_best(trained, laws, members, settings["test"]).assign_attrs(
        spread=spread,
        noise=noise or 1.0,
        restarts=settings["restarts"],
        components=size[0],
        visible=size[1],
        steps=steps,
    )


class _Corrupted:
    """Fresh corrupted centres: all restarts of a seed see the same ones."""

    def __init__(
        self, laws: list[Law], members: Members, noise: float, batch: int, seed: int, device: str
    ) -> None:
        count, visible = laws[0].means.shape
        self._places = _places(members).to(device)
        self._centres = torch.stack([law.means for law in laws]).float().to(device)
        self._rows = torch.arange(len(laws), device=device)[:, None]
        self._noise = noise

        def draw(generator: torch.Generator) -> dict[str, Tensor]:
            return {
                "which": torch.randint(count, (batch,), generator=generator),
                "noise": torch.randn(batch, visible, generator=generator),
            }

        seeds = Members.grid(seed=dict.fromkeys(members.values("seed")))
        self._fresh = Fresh(draw, seeds, (STUDY, "mixtures.denoising", seed, "corruption"), device=device)

    def __call__(self, step: int) -> dict[str, Tensor]:
        """``clean`` and ``corrupted`` of this step, (member, batch, visible)."""
        drawn = self._fresh(step)
        clean = self._centres[self._rows, drawn["which"]]
        corrupted = drawn["noise"].mul_(self._noise).add_(clean)
        return {"clean": clean[self._places], "corrupted": corrupted[self._places]}


def _noisy_examples(
    laws: list[Law], members: Members, settings: Mapping[str, Any], seed: int, device: str
) -> OwnMinibatches:
    count = settings["examples"]
    drawn = torch.stack([law.draw(count, "train").float() for law in laws]).to(device)
    streams = members.generators(STUDY, "mixtures.denoising", seed, "order")
    order = epochs(streams, count, settings["batch"], settings["steps"])
    return OwnMinibatches({"visible": drawn}, order, _places(members))


def _places(members: Members) -> Tensor:
    """Each member's place among the seeds, whose first need not be 0, (member,)."""
    seeds = members.tensor("seed", dtype=torch.int64)
    return seeds - seeds[0]


def _of_the_best(trained: Trained, laws: list[Law], members: Members, test: int) -> xr.Dataset:
    """``gap`` and ``mixing_error`` (seed) of the restart whose training loss ended lowest."""
    losses = trained.history["loss"].values
    ends = losses[:, -max(1, round(LAST * losses.shape[1])) :].mean(axis=1)
    machines = Machine.of(trained.parameters).double()
    gaps, errors = [], []
    seeds = list(dict.fromkeys(members.values("seed")))
    for seed, law in zip(seeds, laws, strict=True):
        rows = members.where(seed=seed)
        best = rows[int(np.nanargmin(ends[rows]))] if np.isfinite(ends[rows]).any() else rows[0]
        own = Machine(*(values[best].cpu() for values in machines))
        tested = law.draw(test, "test")
        gap = mean_negative_log_likelihood(own, tested) - mean_negative_log_likelihood(law.machine(), tested)
        gaps.append(float(gap) if np.isfinite(ends[best]) else np.nan)
        errors.append(float((mixing_weights(own) - 1 / len(law.means)).abs().mean()))
    return xr.Dataset(
        {"gap": ("seed", np.array(gaps)), "mixing_error": ("seed", np.array(errors))},
        coords={"seed": seeds},
    )
