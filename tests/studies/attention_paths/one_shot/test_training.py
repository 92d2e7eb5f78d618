import pytest
import torch
import xarray as xr
from tests.studies.attention_paths.one_shot.literal_network import literal_losses
from tests.studies.attention_paths.one_shot.made_images import SHORT, SMALL, swept

from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.studies.attention_paths.one_shot import network, training
from widthscope.studies.attention_paths.one_shot.episodes import (
    Episodes,
    drawn,
    episode_set,
    images,
    pool,
)
from widthscope.studies.attention_paths.one_shot.experiment import DIMS
from widthscope.studies.attention_paths.one_shot.settings import Architecture
from widthscope.work import Work

SHAPE = training.Shape(**SMALL.model_dump(), features=26)


@pytest.fixture(scope="module")
def store():
    return swept()


def test_training_is_adam_on_the_literal_network(store):
    """Three updates of one network by `torch.optim.Adam`, its forward pass token by token."""
    found = images(store)
    own = drawn(pool(found, "train", 3, 1), "train", 9, 3, 1)
    told = {"seed": 3, "batch": 4, "steps": 3, "learning_rate": 0.01, "work": Work()}
    members = Members.grid(net=[1])
    end = training.trained(members, [own], found.patches, SHAPE, **told)
    (generator,) = members.generators("attention_paths", "one_shot.weights", 3, by=("net",))
    start = network.initial(generator, **vars(SHAPE))
    leaves = {name: values.clone()[None].requires_grad_() for name, values in start.items()}
    optimiser = torch.optim.Adam(leaves.values(), lr=0.01)
    seen = episode_set(found, "train", 9, 3, 1)
    (generator,) = members.generators("attention_paths", "one_shot.order", 3, by=("net",))
    order = torch.cat([torch.randperm(9, generator=generator)[:8] for _ in range(2)]).view(-1, 4)
    for step in range(3):
        chosen = order[step]
        batch = {"tokens": seen.tokens[chosen].double()[None], "labels": seen.labels[chosen].double()[None]}
        loss = literal_losses(leaves, batch)[0]
        assert float(end.history["loss"][0, step]) == pytest.approx(float(loss.detach()), rel=1e-5)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    for name, values in leaves.items():
        assert float((values.detach()[0] - start[name]).abs().max()) > 0.01
        torch.testing.assert_close(end.parameters[name].double(), values.detach(), rtol=0, atol=2e-4)


@pytest.mark.parametrize(
    ("shape", "batch"),
    [(SMALL, 20), (Architecture(layers=3, heads=3, key_dim=5, width=7), 7), (Architecture(), 32)],
)
def test_a_network_does_not_depend_on_those_trained_beside_it(shape, batch):
    settings = SHORT.model_copy(update={"architectures": (shape,), "batch": batch})

    def run(members):
        nets = members.values("net")
        found = swept(settings, first_net=nets[0], nets=len(nets))
        return {name: torch.from_numpy(found[name].values) for name in (*DIMS, "loss", "accuracy")}

    assert dependent_on_company(run, Members.grid(net=range(7)), groups=(1, 2, 5)) == []


def test_a_killed_training_ends_as_if_it_had_not_been(store, tmp_path, monkeypatch):
    def stopping(iterable, total=None, description=""):
        for place, item in enumerate(iterable):
            if place == 3:
                raise KeyboardInterrupt
            yield item

    real = training.train
    monkeypatch.setattr(training, "train", lambda *given, **named: real(*given, **named, save_seconds=0))
    work = {"unfinished": tmp_path / "unfinished", "identity": "one"}
    with pytest.raises(KeyboardInterrupt):
        swept(work=Work(progress=stopping, **work))
    assert (tmp_path / "unfinished" / "networks" / "state.pt").exists()
    steps = []

    def counting(iterable, total=None, description=""):
        for item in iterable:
            steps.append(item)
            yield item

    resumed = swept(work=Work(progress=counting, **work))
    assert steps == [3, 4]
    xr.testing.assert_identical(resumed, store)


def test_accuracy_is_the_share_of_right_signs(monkeypatch):
    """Also over parts of the episodes; an output of 0 is wrong whatever the label."""
    monkeypatch.setattr(training, "EVALUATED_AT_ONCE", 4)
    monkeypatch.setattr(network, "outputs", lambda parameters, tokens: tokens[..., 0, 0])
    outputs = torch.tensor([[1.0, -2, 3, 0, 0.5, -1, 2, 2, -3], [1, 1, 1, 1, 1, 1, 1, 1, 1]])
    labels = torch.tensor([1.0, -1, -1, 1, 1, 1, -1, 1, -1])
    given = [Episodes(own[:, None, None], labels) for own in outputs]
    found = training.accuracy({"readout": torch.zeros(2, 3)}, given)
    torch.testing.assert_close(found, torch.tensor([5 / 9, 5 / 9]).double())
