"""What cannot be checked is one sentence, before anything is trained."""

import functools

import pytest
import torch
from tests.coordinate_check.own_models import classes, perceptron, probed, reported
from torch import nn

from widthscope.coordinate_check.findings import findings
from widthscope.coordinate_check.request import CoordinateCheckError, Request, parse_widths

STREAM = torch.Generator()


def noisy(width: int) -> nn.Module:
    model = perceptron(width)
    nn.init.normal_(model[0].weight, generator=STREAM)
    return model


def seeded(width: int) -> nn.Module:
    torch.manual_seed(0)
    return perceptron(width)


def frozen(width: int) -> nn.Module:
    return perceptron(width).requires_grad_(False)


def infinite(width: int) -> nn.Module:
    model = perceptron(width)
    nn.init.constant_(model[0].bias, float("inf"))
    return model


def overflowing(width: int) -> nn.Module:
    model = perceptron(width)
    nn.init.constant_(model[4].weight, 3e38)
    return model


def deeper(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(6, width), *[nn.Linear(width, width)] * (width > 16), nn.Linear(width, 4))


def other_kind(width: int) -> nn.Module:
    return nn.Sequential(nn.Linear(6, width), nn.Linear(width, 4)) if width > 16 else nn.Sequential(
        nn.Linear(6, width), nn.Bilinear(1, 1, 1)
    )  # fmt: skip


def detached(width: int) -> nn.Module:
    class Detached(nn.Linear):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return super().forward(x).detach()

    return nn.Sequential(nn.Linear(6, width), Detached(width, 4))


def raises(width: int) -> nn.Module:
    raise ValueError("no such width")


def lazy(width: int) -> nn.Module:
    return nn.Sequential(nn.LazyLinear(width), nn.Linear(width, 4))


def rounded(width: int) -> nn.Module:
    return perceptron(max(width // 32, 1) * 32)


def with_sgd(width: int):
    model = perceptron(width)
    return model, torch.optim.SGD(model.parameters(), lr=0.1)


def with_anothers_optimizer(width: int):
    return perceptron(width), torch.optim.SGD(perceptron(width).parameters(), lr=0.1)


def with_closure(width: int):
    model = perceptron(width)
    return model, torch.optim.LBFGS(model.parameters())


def with_two_layers_trained(width: int):
    model = perceptron(width)
    return model, torch.optim.SGD([*model[0].parameters(), *model[2].parameters()], lr=0.1)


def with_spare_layer(width: int) -> nn.Module:
    model = perceptron(width)
    model[4].spare = nn.Linear(width, 2, bias=False)
    return model


def drifting(seed: int):
    return torch.randn(2, 6, generator=STREAM), torch.zeros(2, dtype=torch.long)


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        (lambda width: perceptron(8), "does not depend on the width: all shapes are the same at 16 and 32"),
        (rounded, "does not depend on the width: all shapes are the same at 16 and 32"),
        (noisy, "is not deterministic: '0.weight' differs between two calls after the same seed"),
        (seeded, "makes the same weights after every seed; leave seeding to this command"),
        (lambda width: nn.ReLU(), "factory(16) has no parameters"),
        (frozen, "factory(16) has no parameters that can be trained"),
        (infinite, "factory(16): '0.bias' starts with numbers that are not finite"),
        (overflowing, "the loss of own.py:factory(16) is"),
        (deeper, "different models at widths 16 and 32: there is no parameter '2.weight' at 16"),
        (detached, "does not depend on the model's parameters"),
        (raises, "factory(16) raises ValueError: no such width"),
        (lazy, "has parameters without a shape, such as '0.weight'"),
        (lambda width: width, "factory(16) returns an int; it must return a torch.nn.Module, or a pair"),
        (lambda width: (perceptron(width), 0.1), "returns a module and a float; the second must be a torch"),
        (lambda width: (perceptron(width), None, None), "returns a tuple of 3; it must return a torch.nn"),
        (with_anothers_optimizer, "the optimizer of own.py:factory(16) has none of the model's parameters"),
        (with_closure, "factory(16) brings LBFGS, which needs a closure and is not supported"),
        (lambda width: nn.Linear(5, width), "called on the batch, raises RuntimeError: mat1 and mat2 shapes"),
    ],
)  # fmt: skip
def test_factories(factory, says: str) -> None:
    with pytest.raises(CoordinateCheckError) as refused:
        probed(factory)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_not_trained_or_not_used_is_said() -> None:
    found = reported(with_two_layers_trained)
    assert found.probed.untrained == ("4.weight", "4.bias")
    assert "does not have 4.weight, 4.bias, so that they are not trained" in " ".join(findings(found))
    found = reported(with_spare_layer)
    assert (found.probed.untrained, found.probed.unused) == ((), ("4.spare.weight",))
    assert "the loss does not depend on 4.spare.weight" in " ".join(findings(found))


@pytest.mark.parametrize(
    ("batch", "loss", "says"),
    [
        (lambda seed: torch.randn(2, 6), None, "batch(0) returns a Tensor; it must return a pair"),
        (drifting, None, "own.py:batch is not deterministic"),
        (lambda seed: 1 / seed, None, "batch(0) raises ZeroDivisionError: division by zero"),
        (lambda seed: {"input": torch.randn(2, 6)}, "mse", "--loss mse needs a batch (inputs, targets)"),
        (lambda seed: (torch.randn(2, 6), torch.full((2,), 9)), None, "loss of own.py:factory(16) raises"),
        (lambda seed: (torch.randn(2, 6), torch.randn(2)), None, "output of 2 x 4 with targets of 2; their"),
        (lambda seed: (torch.randn(2, 6), torch.full((2, 4), torch.nan)), None, "factory(16) is nan at"),
        (lambda seed: {"input": torch.randn(2, 6)}, None, "must be one number, not (2, 4)"),
    ],
)  # fmt: skip
def test_batches(batch, loss, says: str) -> None:
    with pytest.raises(CoordinateCheckError) as refused:
        probed(perceptron, batch, loss=loss)
    assert says in str(refused.value)


@pytest.mark.parametrize("option", [{"optimizer": "sgd"}, {"rate": 0.1}])
def test_options_do_not_overrule_the_factorys_optimizer(option) -> None:
    with pytest.raises(CoordinateCheckError, match=f"--{next(iter(option))} would overrule"):
        probed(with_sgd, **option)


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"widths": (64,)}, "a slope needs at least two widths"),
        ({"widths": (64, 32)}, "--widths is '64,32'; they must increase, and 32 comes after 64"),
        ({"widths": (64, 64)}, "they must increase"),
        ({"widths": (0, 64)}, "every width must be at least 1"),
        ({"seeds": 1}, "--seeds is 1; an interval needs at least 2"),
        ({"steps": 0}, "--steps is 0"),
        ({"rate": -1.0}, "--rate is -1; it must be finite and above 0"),
        ({"rate": float("nan")}, "--rate is nan"),
        ({"optimizer": "lion"}, "--optimizer is 'lion'; it can be sgd or adam"),
        ({"device": "tpu"}, "--device is 'tpu'; it can be cpu or cuda"),
    ],
)  # fmt: skip
def test_options_out_of_range(asked, says: str) -> None:
    with pytest.raises(CoordinateCheckError) as refused:
        Request(**asked)
    assert says in str(refused.value)


@pytest.mark.parametrize("text", ["", "64,", "64,a", "64 128", "1.5,3"])
def test_widths_that_are_none(text: str) -> None:
    with pytest.raises(CoordinateCheckError, match="write whole numbers separated by commas"):
        parse_widths(text)


def test_all_members_diverged() -> None:
    with pytest.raises(CoordinateCheckError, match="diverge"):
        reported(perceptron, optimizer="sgd", rate=1e30, steps=3)


def test_an_optimizer_without_a_row_cannot_be_mended_but_can_be_checked() -> None:
    def factory(width: int):
        model = perceptron(width)
        return model, torch.optim.RMSprop(model.parameters(), lr=1e-3)

    assert len(reported(factory).checks["given"].layers) == 3
    with pytest.raises(CoordinateCheckError, match="not those of RMSprop"):
        reported(factory, mend=True)


def test_a_class_or_an_object_can_be_the_factory() -> None:
    assert probed(functools.partial(perceptron, bias=False), classes).numbers[16] == 6 * 16 + 16 * 16 + 16 * 4
