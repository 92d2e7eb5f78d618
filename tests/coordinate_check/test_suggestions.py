"""Exponents per parameter: as the mup package scales the same networks, and what mending makes of a model."""

import copy

import numpy as np
import pytest
import torch
from mup import MuReadout, set_base_shapes
from mup.optim import MuAdam, MuSGD
from tests.coordinate_check.own_models import (
    attention,
    classes,
    code,
    corrected,
    fixed_heads,
    perceptron,
    probed,
    reported,
    tokens,
)
from torch import nn

from widthscope.coordinate_check.losses import loss_of
from widthscope.coordinate_check.mending import mend_of
from widthscope.coordinate_check.request import CoordinateCheckError, Request
from widthscope.coordinate_check.shapes import readouts
from widthscope.coordinate_check.suggestions import (
    method_of,
    rate_factors,
    suggestions,
    target_rms,
)
from widthscope.coordinate_check.training import record
from widthscope.parameterisations.methods import ADAM, SGD
from widthscope.parameterisations.slopes import maximal_update

BASE, WIDE = 16, 64


def with_readout(width: int, readout: type[nn.Linear] = nn.Linear) -> nn.Module:
    """Convolutions, a norm and a hidden layer wider than its inputs."""
    return nn.Sequential(
        nn.Conv2d(3, width, 3), nn.BatchNorm2d(width), nn.Conv2d(width, width, 3), nn.Flatten(),
        nn.Linear(4 * 4 * width, 3 * width), readout(3 * width, 4),
    )  # fmt: skip


def images(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(2, 3, 8, 8), torch.randint(4, (2,))


@pytest.mark.parametrize(("theirs", "method"), [(MuSGD, SGD), (MuAdam, ADAM)])
def test_rates_and_initial_scales_grow_as_in_the_mup_package(theirs, method) -> None:
    found = probed(with_readout, images, widths=(BASE, 2 * BASE, WIDE)).architecture
    torch.manual_seed(0)
    model = with_readout(WIDE, MuReadout)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    set_base_shapes(model, with_readout(BASE, MuReadout), delta=with_readout(2 * BASE, MuReadout))
    rates = {
        weight: group["lr"]
        for group in theirs(model.parameters(), lr=1.0).param_groups
        for weight in group["params"]
    }
    growth = WIDE / BASE
    weights = dict(model.named_parameters())
    for parameter in found.parameters:
        weight, rate = weights[parameter.name], rates[weights[parameter.name]]
        rescaled = float(weight.detach().norm() / before[parameter.name].norm())
        if parameter.kind == "output":
            # Theirs multiplies the output by 1 / growth; put into the weights, that takes the rate along.
            rate *= growth**-2 if method is SGD else 1 / growth
            rescaled /= growth
        if parameter.kind in ("hidden", "output"):  # PyTorch has done growth^-1/2
            wanted = target_rms(parameter)[-1]
            assert rescaled * growth**-0.5 == pytest.approx(wanted), parameter.name
        assert rate_factors(parameter, method)[-1] == pytest.approx(rate), parameter.name


@pytest.mark.parametrize("method", [SGD, ADAM])
def test_the_two_sides_of_a_hidden_layer_make_up_the_tables_exponent(method) -> None:
    hidden = probed(perceptron).architecture.parameters[2]
    expected = [growth ** -maximal_update(method).rates[1] for growth in hidden.inputs]
    np.testing.assert_allclose(rate_factors(hidden, method), expected)


@pytest.mark.parametrize(
    ("optimizer", "method"),
    [
        (torch.optim.SGD, SGD),
        (torch.optim.AdamW, ADAM),
        (torch.optim.RMSprop, None),
        (torch.optim.Adagrad, None),
    ],
)
def test_optimizers_with_a_row(optimizer, method) -> None:
    assert method_of(optimizer) is method


def test_what_the_factory_does_is_measured() -> None:
    found = reported(perceptron, widths=(16, 64, 256), seeds=6, optimizer="sgd")
    rows = {row.parameter.name: row for row in found.suggestions}
    assert rows["2.weight"].initial == pytest.approx(-0.5, abs=0.02)
    assert rows["4.weight"].initial == pytest.approx(-0.5, abs=0.05)
    assert (rows["4.weight"].initial_wanted, rows["4.weight"].rate_wanted) == (-1, -1)
    assert (rows["0.weight"].initial_wanted, rows["0.weight"].rate_wanted) == (0, 1)
    assert rows["0.weight"].differs(0.125) == (False, True)
    assert rows["2.weight"].differs(0.125) == (False, False)


def test_a_corrected_factory_needs_nothing() -> None:
    rows = reported(corrected, widths=(16, 64, 256), seeds=6).suggestions
    assert [row.differs(0.125) for row in rows] == [(False, False)] * 3


def mended(factory, batch, optimizer="sgd", widths=(16, 32, 64)):
    request = Request(widths=widths, seeds=3, steps=1, optimizer=optimizer)
    own = code(factory, batch)
    found = probed(factory, batch, optimizer=optimizer, widths=widths)
    table = record(own, found.loss, request)
    return table, found, mend_of(table, found.architecture, method_of(found.optimizer)), request


def test_mending_leaves_the_base_width_as_it_is() -> None:
    table, found, mend, request = mended(perceptron, classes)
    after = record(found.code, found.loss, request, mend)
    np.testing.assert_allclose(after["l1"].sel(width=16), table["l1"].sel(width=16), rtol=1e-6)
    assert not np.allclose(after["l1"].sel(width=64), table["l1"].sel(width=64), rtol=0.1)


def test_mending_brings_scales_and_rates_to_what_is_wanted() -> None:
    _, found, mend, request = mended(perceptron, classes)
    after = record(found.code, found.loss, request, mend)
    for row in suggestions(after, found.architecture, SGD):
        assert row.initial == pytest.approx(row.initial_wanted, abs=1e-6)
        assert row.rate == pytest.approx(row.rate_wanted, abs=1e-12)


def test_mending_splits_groups_and_keeps_what_else_they_say() -> None:
    def factory(width: int):
        model = perceptron(width)
        return model, torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)

    *_, mend, _ = mended(factory, classes, optimizer=None)
    model, optimizer = factory(64)
    weights = copy.deepcopy(model.state_dict())
    mend(model, optimizer, 64)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx(
        [0.4, 0.4, 0.1, 0.4, 0.025, 0.1]
    )
    assert all(group["momentum"] == 0.9 and group["weight_decay"] == 0.01 for group in optimizer.param_groups)
    ratio = (model[4].weight / weights["4.weight"]).flatten()
    assert ratio.std() < 1e-6
    assert float(ratio.mean().detach()) == pytest.approx(0.5, rel=0.1)


def test_a_shared_readout_is_multiplied() -> None:
    *_, mend, _ = mended(attention, tokens, "adam")
    model = attention(64)
    optimizer = torch.optim.Adam(model.parameters())
    x = torch.randn(2, 64)
    before = model.readout(x).detach()
    mend(model, optimizer, 64)
    scale = float((model.embedding.weight.norm() / attention(64).embedding.weight.norm()).detach())
    torch.testing.assert_close(model.readout(x) / scale, before / 4, rtol=0.1, atol=0.1)


def test_only_the_last_layers_are_readouts() -> None:
    def narrowed(width: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(6, width), nn.Linear(width, 5), nn.Linear(5, width), nn.Linear(width, 4)
        )

    assert readouts(probed(narrowed).architecture) == ("3.weight",)
    assert readouts(probed(attention, tokens).architecture) == ()
    assert readouts(probed(fixed_heads, tokens).architecture) == ("readout.weight",)


def test_mending_can_start_the_readout_at_zero() -> None:
    table, found, *_ = mended(perceptron, classes)
    model = perceptron(64)
    mend = mend_of(table, found.architecture, SGD, zero_readout=True)
    mend(model, torch.optim.SGD(model.parameters(), lr=0.1), 64)
    assert not model[4].weight.any()
    assert model[2].weight.any()
    with pytest.raises(CoordinateCheckError, match="--zero-readout finds no readout"):
        reported(attention, tokens, mend=True, zero_readout=True)


def test_what_starts_at_zero_stays_there() -> None:
    def zero(width: int) -> nn.Module:
        model = perceptron(width)
        nn.init.zeros_(model[4].weight)
        return model

    table, found, mend, request = mended(zero, classes)
    after = record(found.code, found.loss, request, mend)
    assert not after["initial_rms"].sel(parameter="4.weight").any()
    row = suggestions(table, found.architecture, SGD)[4]
    assert np.isnan(row.initial)
    assert not row.differs(0.125)[0]


def test_the_loss_by_default_is_the_one_that_fits() -> None:
    from widthscope.coordinate_check.user_code import Batch

    whole, real = torch.zeros(2, dtype=torch.long), torch.zeros(2, 3)
    names = [loss_of(None, "own.py:f", Batch(None, targets))[0] for targets in (whole, real, None)]
    assert names == ["cross-entropy", "mse", "the model's own"]
