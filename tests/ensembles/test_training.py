import numpy as np
import pytest
import torch
from tests.ensembles.small_training import SEEDS, trained

from widthscope.ensembles.members import Members
from widthscope.ensembles.recording import parameters_at
from widthscope.ensembles.training import train
from widthscope.progress import quiet
from widthscope.work import Work

MEMBERS = Members.grid(seed=range(3), target=(0.5, -2.0))


class NewtonStep:
    """A study's own step: Newton's method on (p^2 - target^2)^2 / 4, counting its calls in its state."""

    def start(self, parameters):
        return {"calls": torch.zeros(len(parameters["p"]))}

    def __call__(self, parameters, state, batch, step):
        p, target = parameters["p"], batch["target"]
        error = p**2 - target**2
        new = p - error * p / (3 * p**2 - target**2)
        return {"p": new}, {"calls": state["calls"] + 1}, (error**2 / 4).squeeze(1)


def newton(steps, work=None, **options):
    start = {"p": MEMBERS.tensor("target", dtype=torch.float64)[:, None] * 1.7}
    batch = {"target": MEMBERS.tensor("target", dtype=torch.float64)[:, None]}
    recordings = [parameters_at((0, steps) if steps else (0,), {"p": ("coordinate",)})]
    return start, train(
        MEMBERS, start, NewtonStep(), lambda step: batch, steps, recordings, work=work, **options
    )


def test_a_study_may_bring_its_own_step():
    start, found = newton(12)
    targets = np.array(MEMBERS.values("target"))
    np.testing.assert_allclose(found.parameters["p"][:, 0], targets, rtol=1e-14)
    assert torch.equal(start["p"], MEMBERS.tensor("target", dtype=torch.float64)[:, None] * 1.7)
    loss = found.history["loss"]
    assert loss.dims == ("member", "update")
    np.testing.assert_allclose(loss[:, 0], ((1.7**2 - 1) * targets**2) ** 2 / 4)
    assert (loss[:, -1] < 1e-25).all()
    assert (found.diverged_at == -1).all()
    assert found.history["target"].values.tolist() == targets.tolist()


def test_its_own_step_resumes_like_any_other(tmp_path):
    class StopError(Exception):
        pass

    def stopped(iterable, total=None, description=""):
        for step in quiet(iterable):
            if step == 5:
                raise StopError
            yield step

    with pytest.raises(StopError):
        newton(12, Work(progress=stopped, unfinished=tmp_path), save_seconds=0)
    state = torch.load(tmp_path / "training" / "state.pt", weights_only=True)["content"]
    assert state["state"]["calls"].tolist() == [5.0] * 6
    _, resumed = newton(12, Work(unfinished=tmp_path))
    assert resumed.history.identical(newton(12)[1].history)


def test_no_step_leaves_the_start():
    start, found = newton(0)
    assert torch.equal(found.parameters["p"], start["p"])
    assert found.history["loss"].shape == (6, 0)
    assert found.history["p"].values[:, 0].tolist() == start["p"].float().tolist()


def test_progress_is_told_the_name_and_the_steps():
    told = []

    def progress(iterable, total=None, description=""):
        told.append((len(iterable), description))
        return iter(iterable)

    trained(SEEDS, steps=4, work=Work(progress=progress), name="small")
    assert told == [(4, "small")]
