"""The training loop: step, mask what diverged, record, and now and then save the state to resume from."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import xarray as xr
from torch import Tensor

from widthscope.ensembles.divergence import Divergence
from widthscope.ensembles.gradient_step import Batch, Step
from widthscope.ensembles.independence import first_members, in_company, needs_company, one_thread
from widthscope.ensembles.members import DIM, Members
from widthscope.ensembles.optimisers import State
from widthscope.ensembles.parameters import Parameters
from widthscope.ensembles.recording import Recorder, Recording
from widthscope.ensembles.resume import Unfinished
from widthscope.work import Work


@dataclass(frozen=True)
class Trained:
    """What a training left.

    Attributes:
        parameters: after the last step, or, for a member that diverged, where it was last finite.
        history: the recordings, and ``loss`` (member, update): each member's loss before each update, NaN
            from the step at which it diverged; ``diverged_at`` (member,), -1 for never; the members' factors
            as coordinates.
        diverged_at: step at which each member diverged, (member,), -1 for never.
    """

    parameters: Parameters
    history: xr.Dataset
    diverged_at: Tensor


def train(
    members: Members,
    parameters: Parameters,
    step: Step,
    batches: Callable[[int], Batch],
    steps: int,
    recordings: Sequence[Recording] = (),
    work: Work | None = None,
    name: str = "training",
    save_seconds: float = 5.0,
) -> Trained:
    """Train all members at once.

    Where `work.unfinished` is given, the state is saved there every `save_seconds`, less often where that
    would take more than a twentieth of the time. A run that was killed goes on from it and ends with the same
    result to the last bit.

    Args:
        members: who is trained.
        parameters: initial ones, (member, ...) by name; left as they are.
        step: one update of all members; see `gradient_step.Step`.
        batches: data of step k; must depend on k alone.
        steps: number of updates.
        recordings: what to keep, and when.
        work: what the job gives.
        name: the training's, unique in its job.
        save_seconds: at least, between two states; 0 saves after every step.

    Raises:
        ResumeError: if another training of this job has the same name.
        StoreError: if the disk refuses state or records.
    """
    work = Work() if work is None else work
    unfinished = Unfinished(work, name)
    lone = needs_company(parameters)
    try:
        with one_thread():
            run = _Run(
                in_company(parameters) if lone else parameters, step, steps, unfinished.restore(work.device)
            )
            if run.done:
                print(f"{name}: goes on from step {run.done} of {steps}", flush=True)  # in the job's log
            recorder = Recorder(recordings, members, unfinished.folder)
            saved, took = time.monotonic(), 0.0
            for k in work.progress(range(run.done, steps), description=name):
                recorder.record(k, run.parameters, run.divergence.alive)
                batch = batches(k)
                run.update(step, in_company(batch) if lone else batch, k)
                if time.monotonic() - saved >= (save_seconds and max(save_seconds, 20 * took)):
                    began = time.monotonic()
                    recorder.flush()
                    unfinished.save(run.content())
                    saved = time.monotonic()
                    took = saved - began
            recorder.record(steps, run.parameters, run.divergence.alive)
    except BaseException:
        unfinished.release()
        raise
    return run.trained(members, recorder.dataset())


class _Run:
    """State of a training between two steps."""

    def __init__(self, parameters: Parameters, step: Step, steps: int, kept: dict[str, Any] | None) -> None:
        self.parameters = {name: value.detach() for name, value in parameters.items()}
        first = next(iter(parameters.values()))
        self.losses = torch.full((steps, len(first)), torch.nan, dtype=torch.float64, device=first.device)
        if kept is None:
            self.state: State = step.start(self.parameters)
            self.divergence = Divergence.none(len(first), first.device)
            self.done = 0
        else:
            self.parameters, self.state, self.done = kept["parameters"], kept["state"], kept["done"]
            self.divergence = Divergence(kept["diverged_at"])
            self.losses[: self.done] = kept["losses"]

    def update(self, step: Step, batch: Batch, k: int) -> None:
        new, self.state, losses = step(self.parameters, self.state, batch, k)
        self.parameters = self.divergence.keep(self.parameters, new, losses, k)
        self.losses[k] = torch.where(self.divergence.alive, losses.detach().double(), torch.nan)
        self.done = k + 1

    def content(self) -> dict[str, Any]:
        return {
            "parameters": self.parameters,
            "state": self.state,
            "diverged_at": self.divergence.diverged_at,
            "losses": self.losses[: self.done].clone(),
            "done": self.done,
        }

    def trained(self, members: Members, history: xr.Dataset) -> Trained:
        """What is left when all is done; without a lone member's company."""
        count = len(members)
        diverged_at = self.divergence.diverged_at[:count]
        history["loss"] = ((DIM, "update"), self.losses[:, :count].T.cpu().numpy())
        history["diverged_at"] = (DIM, diverged_at.cpu().numpy())
        history = history.assign_coords(update=range(len(self.losses)))
        return Trained(first_members(self.parameters, count), history, diverged_at)
