"""Machines trained by the likelihood on samples of a mixture, beside expectation maximisation."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from widthscope.boltzmann import expectation_maximisation as em
from widthscope.boltzmann.mixture import Machine, mean_negative_log_likelihood
from widthscope.boltzmann.training import LikelihoodStep, adam_cosine, from_data, small
from widthscope.ensembles.batches import OwnMinibatches, epochs
from widthscope.ensembles.independence import one_thread
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import Parameters, stacked
from widthscope.ensembles.training import train
from widthscope.streams import torch_generator
from widthscope.studies.attnbm.mixtures.laws import STUDY, Law, stacked_mixtures
from widthscope.work import Work

CURVE_POINTS = 60
"""Points of a stored loss curve, at most."""

MANY = "many-distant-means"
"""The setting in which components that start on examples nearly always share a cluster: a control."""

TOLERANCE = 1e-7
"""Of expectation maximisation, in nats."""


@dataclass(frozen=True)
class Setting:
    """A law, how many examples of it there are, and how machines are trained on them.

    Attributes:
        components, visible, spread: of the law.
        examples: P.
        batch: examples of a step; 0 for all.
        decays: whether the rate falls to 0 along a cosine, or stays constant.
        steps: of training.
        runs: for each kind of start the number of runs: ``small`` weights, components on ``data``, and small
            weights of machines with one hidden unit ``fewer`` than the law has components.
        restarts: of expectation maximisation from examples.
        shorter: steps of further runs from the first run's small weights, called ``small in <steps> steps``.
    """

    components: int
    visible: int
    spread: float
    examples: int
    batch: int
    decays: bool
    steps: int
    runs: Mapping[str, int]
    restarts: int = 0
    shorter: tuple[int, ...] = ()


def tables(settings: Mapping[str, Any], seed: int, work: Work) -> dict[str, xr.Dataset]:
    """A table for each setting: losses on training and test examples of every run, in nats.

    Args:
        settings: as in `settings.Likelihood`, ``tried``, the names of the settings that are wanted, and
            ``block``, the first of the seeds that are wanted and the end of them.
        seed: of the run.
        work: what the job gives.
    """
    tried = {name: ways for name, ways in _settings(settings).items() if name in settings["tried"]}
    return {name: _table(name, setting, settings, seed, work) for name, setting in tried.items()}


def _settings(given: Mapping[str, Any]) -> dict[str, Setting]:
    law = (given["components"], given["visible"], given["spread"])
    wide = (given["wide_components"], given["wide_visible"], given["wide_spread"])
    several = {"small": given["restarts"], "data": 1, "fewer": 1}
    single = {"small": 1, "data": 1}
    steps, batch = given["steps"], given["batch"]
    constant = Setting(*law, given["constant_examples"], batch, False, steps, {**single, "fewer": 1})
    distant = Setting(
        *wide, given["wide_examples"], batch, True, given["wide_steps"], single, 0, tuple(given["shorter"])
    )
    crowded = replace(distant, components=given["many_components"], shorter=())
    full = {
        f"full-batch-p{count}": Setting(*law, count, 0, True, steps, several, given["restarts"])
        for count in given["examples"]
    }
    return {**full, "constant-rate": constant, "distant-means": distant, MANY: crowded}


def _table(name: str, setting: Setting, given: Mapping[str, Any], seed: int, work: Work) -> xr.Dataset:
    seeds = range(*given["block"])
    sizes = (setting.components, setting.visible, setting.spread)
    # Settings of one law share it, not its examples.
    laws = [Law.of(*sizes, (STUDY, "mixtures.likelihood", seed, *sizes, each)) for each in seeds]
    examples = torch.stack([law.draw(setting.examples, name) for law in laws]).to(work.device)
    tested = torch.stack([law.draw(given["test"], f"{name} test") for law in laws]).to(work.device)

    def losses(machine: Machine) -> tuple[Tensor, Tensor]:
        found = (mean_negative_log_likelihood(machine, each).cpu() for each in (examples, tested))
        return next(found), next(found)

    found: dict[tuple[str, int], tuple[Tensor, Tensor]] = {}
    curves = {}
    runs = [(start, restart) for start, count in setting.runs.items() for restart in range(count)]
    for together in _of_one_size(runs, setting):
        trained = _trained(name, together, setting, setting.steps, examples, given, seed, work)
        for run, (machine, curve) in zip(together, trained, strict=True):
            found[run] = losses(machine)
            curves[run] = curve
    for steps in setting.shorter:
        first = [("small", 0)]
        ((machine, _),) = _trained(name, first, setting, steps, examples, given, seed, work)
        found[f"small in {steps} steps", 0] = losses(machine)
    with one_thread():
        truth = stacked_mixtures([law.mixture() for law in laws])
        law_loss = losses(_machine_on(truth, examples))[1]
        found["em-from-law", 0] = losses(_maximised(truth, examples, given["iterations"]))
        for restart in range(setting.restarts):
            starts = [
                em.on_examples(
                    torch_generator(STUDY, "mixtures.em", seed, name, restart, each),
                    setting.components,
                    examples[each].cpu(),
                )
                for each in seeds
            ]
            found["em", restart] = losses(_maximised(stacked_mixtures(starts), examples, given["iterations"]))
    return _joined(found, curves, law_loss, seeds).assign_attrs(
        components=setting.components,
        visible=setting.visible,
        spread=setting.spread,
        examples=setting.examples,
        batch=setting.batch or setting.examples,
        decays=int(setting.decays),
        steps=setting.steps,
    )


def _of_one_size(runs: list[tuple[str, int]], setting: Setting) -> list[list[tuple[str, int]]]:
    """Runs that are trained at once: in minibatches all of as many hidden units, else each by itself.

    Steps of small batches take less time together; full batches would fill the memory.
    """
    if not setting.batch:
        return [[run] for run in runs]
    whole = [run for run in runs if run[0] != "fewer"]
    return [whole, *([run] for run in runs if run[0] == "fewer")]


def _trained(
    name: str,
    runs: list[tuple[str, int]],
    setting: Setting,
    steps: int,
    examples: Tensor,
    given: Mapping[str, Any],
    seed: int,
    work: Work,
) -> list[tuple[Machine, np.ndarray[Any, Any]]]:
    """Each of these runs, of every seed, and its loss before each update (seed, update).

    The order of examples is the same for all runs of a setting; initial weights differ.
    """
    labels = [f"{name}-{start}-{restart}" for start, restart in runs]
    members = Members.grid(run=labels, seed=range(*given["block"]))
    drawn: list[Parameters] = []
    for label, (start, _) in zip(labels, runs, strict=True):
        own = members.take(members.where(run=label)).generators(STUDY, "mixtures.weights", seed, label)
        drawn += [
            from_data(generator, setting.components, seen.cpu())
            if start == "data"
            else small(generator, setting.components - (start == "fewer"), setting.visible)
            for generator, seen in zip(own, examples, strict=True)
        ]
    step = adam_cosine(given["rate"], steps) if setting.decays else LikelihoodStep(Adam(given["rate"]))
    order, owned = None, None
    if setting.batch:
        streams = members.generators(STUDY, "mixtures.order", seed, setting.components, setting.examples)
        order = epochs(streams, setting.examples, setting.batch, steps)
        owned = torch.arange(len(examples)).repeat(len(runs))
    batches = OwnMinibatches({"visible": examples.float()}, order, owned)
    title = f"{labels[0]}-{len(runs)}-runs-{steps}-steps"
    trained = train(members, stacked(drawn, work.device), step, batches, steps, work=work, name=title)
    machine, losses = Machine.of(trained.parameters).double(), trained.history["loss"].values
    places = [members.where(run=label) for label in labels]
    return [(Machine(*(values[own] for values in machine)), losses[own]) for own in places]


def _machine_on(mixture: em.Mixture, like: Tensor) -> Machine:
    """The machine of a mixture, on the device of `like`."""
    return Machine(*(values.to(like.device) for values in Machine.of(em.machine_of(mixture))))


def _maximised(start: em.Mixture, examples: Tensor, iterations: int) -> Machine:
    """The machine of what expectation maximisation finds from here."""
    placed = em.Mixture(start.means.to(examples.device), start.log_mixing.to(examples.device))
    return Machine.of(em.machine_of(em.fit(placed, examples, iterations, TOLERANCE).mixture))


def _joined(
    found: Mapping[tuple[str, int], tuple[Tensor, Tensor]],
    curves: Mapping[tuple[str, int], np.ndarray[Any, Any]],
    law_loss: Tensor,
    seeds: range,
) -> xr.Dataset:
    """``train_loss`` and ``test_loss`` (run, seed), ``law_loss`` (seed), and curves of trained runs."""
    losses = {
        kind: np.stack([each[place].numpy() for each in found.values()])
        for place, kind in enumerate(("train_loss", "test_loss"))
    }
    steps = next(iter(curves.values())).shape[1]
    kept = np.unique(np.geomspace(1, steps, CURVE_POINTS).astype(int)) - 1
    return xr.Dataset(
        {
            **{kind: (("run", "seed"), values) for kind, values in losses.items()},
            "law_loss": ("seed", law_loss.numpy()),
            "curve": (("trained", "seed", "update"), np.stack([each[:, kept] for each in curves.values()])),
        },
        coords={
            "start": ("run", [start for start, _ in found]),
            "restart": ("run", [restart for _, restart in found]),
            "trained_start": ("trained", [start for start, _ in curves]),
            "seed": seeds,
            "update": kept,
        },
    )
