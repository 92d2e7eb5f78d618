"""What is recorded of a member: as by hand, as by the mup package, and of the layers that it should be."""

import numpy as np
import pytest
import torch
from mup.coord_check import get_coord_data
from tests.coordinate_check.own_models import classes, code, perceptron
from torch import nn

from widthscope.coordinate_check.losses import loss_of
from widthscope.coordinate_check.recording import Recorder
from widthscope.coordinate_check.request import Request
from widthscope.coordinate_check.training import batch_of, record

REQUEST = Request(widths=(8, 16, 32), seeds=2, steps=3, optimizer="sgd", rate=0.2)


def recorded(factory=perceptron, request=REQUEST, batch=classes):
    own = code(factory, batch)
    return record(own, loss_of(None, own.name, batch_of(own, request, 0))[1], request)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_mean_sizes_are_those_of_the_mup_packages_coordinate_check(optimizer: str) -> None:
    request = Request(widths=(8, 16), seeds=2, steps=3, optimizer=optimizer, rate=0.05)
    ours = recorded(request=request)
    for seed in range(2):
        torch.manual_seed(seed)
        batch = classes(seed)

        def lazily(width: int, seed: int = seed) -> nn.Module:
            torch.manual_seed(seed)
            return perceptron(width)

        theirs = get_coord_data(
            {width: lambda width=width: lazily(width) for width in request.widths}, [batch],
            optimizer=optimizer, lr=0.05, mup=False, nsteps=4, cuda=False, show_progress=False,
        )  # fmt: skip
        for _, row in theirs[theirs["module"].isin(("0", "2", "4"))].iterrows():
            at = ours["l1"].sel(width=row["width"], seed=seed, step=row["t"] - 1, layer=row["module"])
            assert float(at) == pytest.approx(row["l1"], rel=2e-6)


def test_sizes_and_changes_are_those_of_a_loop_by_hand() -> None:
    table = recorded()
    for seed in range(2):
        torch.manual_seed(seed)
        inputs, targets = classes(seed)
        torch.manual_seed(seed)
        model = perceptron(16)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
        for step in range(4):
            output = model(inputs)
            first = output.detach() if step == 0 else first  # noqa: F821
            change = output.detach() - first
            at = table.sel(width=16, seed=seed, step=step)
            loss = nn.functional.cross_entropy(output, targets)
            expected = [output.abs().mean(), output.pow(2).mean().sqrt(), change.abs().mean()]
            found = [at[name].sel(layer="4") for name in ("l1", "rms", "change_l1")]
            np.testing.assert_allclose(found, [value.item() for value in expected], rtol=1e-5, atol=1e-9)
            assert float(at["loss"]) == pytest.approx(loss.item(), rel=1e-6)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert (table["change_l1"].sel(step=0) == 0).all()
    assert (table["rate"] == 0.2).all()


def test_a_member_does_not_depend_on_the_others() -> None:
    alone = recorded(request=Request(widths=(8, 32), seeds=2, steps=3, optimizer="sgd", rate=0.2))
    among = recorded()
    np.testing.assert_array_equal(alone["change_l1"], among["change_l1"].sel(width=[8, 32]))


def test_random_streams_are_left_as_they_were() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    recorded()
    assert torch.equal(torch.rand(3), expected)


def test_dropout_changes_nothing_by_itself() -> None:
    def still(width: int) -> tuple[nn.Module, torch.optim.Optimizer]:
        model = nn.Sequential(nn.Linear(6, width), nn.Dropout(0.5), nn.Linear(width, 4))
        return model, torch.optim.SGD(model.parameters(), lr=0.0)

    assert not recorded(still)["change_l1"].any()


def test_what_works_in_place_does_not_reach_what_was_recorded() -> None:
    def in_place(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(6, width), nn.ReLU(inplace=True), nn.Linear(width, 4))

    def beside(width: int) -> nn.Module:
        return nn.Sequential(nn.Linear(6, width), nn.ReLU(), nn.Linear(width, 4))

    np.testing.assert_array_equal(recorded(in_place)["l1"], recorded(beside)["l1"])


class Twice(nn.Module):
    """Calls a layer twice, returns a pair, and a number that no layer has returned."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.rnn = nn.Linear(3, 3), nn.GRU(3, 3)

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        pair = self.rnn(torch.tanh(self.layer(self.layer(x))))
        return {"loss": pair[0].sum(), "logits": 2 * pair[0]}


@pytest.mark.parametrize(
    ("model", "every", "layers"),
    [
        (perceptron(3), False, ["0", "2", "4"]),
        (perceptron(3), True, ["0", "1", "2", "3", "4"]),
        (Twice(), False, ["layer", "layer (call 2)", "rnn", "rnn[1]", "model output"]),
        (nn.Linear(6, 4), False, ["model output"]),
    ],
)
def test_layers_are_modules_with_parameters_and_what_the_model_returns(model, every, layers) -> None:
    recorder = Recorder(model, every)
    with recorder.listening():
        model(torch.randn(2, 6 if not isinstance(model, Twice) else 3))
    assert list(recorder.take()) == layers
    assert recorder.take() == {}
