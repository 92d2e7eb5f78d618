"""What a user's module is left with: parameters, buffers, random numbers, gradients; and what is refused."""

import pytest
import torch
from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from widthscope.gradient_regularisation.errors import GradientRegularisationError
from widthscope.gradient_regularisation.module_state import displaced_in_place
from widthscope.gradient_regularisation.module_step import (
    gradient_regularised_step,
    regularised_gradients,
    sharpness_aware_step,
)

OPTIONS = {"strength": 0.3, "ascent": 0.5}


def data(seed=0):
    return torch.randn(16, 4, generator=torch.Generator().manual_seed(seed))


def gradients(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@pytest.mark.parametrize("difference", ["forward", "backward", "centred"])
def test_dropout_draws_the_same_masks(difference):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 32), nn.Dropout(0.5), nn.Tanh(), nn.Linear(32, 1)).double()
    seen = []
    model[1].register_forward_hook(lambda module, inputs, output: seen.append((output == 0).detach()))
    torch.manual_seed(1)
    regularised_gradients(
        model, lambda: model(data().double()).square().mean(), difference=difference, **OPTIONS
    )
    assert len(seen) == (3 if difference == "centred" else 2)
    assert 0 < seen[0].sum() < seen[0].numel()
    assert all(torch.equal(mask, seen[0]) for mask in seen)
    after = torch.rand(3)
    torch.manual_seed(1)
    model(data().double())
    assert torch.equal(after, torch.rand(3))  # one evaluation's random numbers are used up, no more


def test_running_statistics_see_the_first_evaluation_only():
    def model():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 1))

    ours, plain = model(), model()
    regularised_gradients(ours, lambda: ours(data()).square().mean(), difference="centred", **OPTIONS)
    plain(data())
    for (name, found), expected in zip(ours.named_buffers(), plain.buffers(), strict=True):
        assert torch.equal(found, expected), name
    assert ours[1].num_batches_tracked == 1


def test_every_evaluation_starts_with_the_same_buffers():
    """Spectral normalisation moves its vectors in a forward pass, and the function with them."""
    torch.manual_seed(0)
    model = spectral_norm(nn.Linear(4, 4)).double()
    buffers = list(model.buffers())
    used = []
    x = data().double()

    def loss():
        used.append(torch.cat([b.detach().clone() for b in buffers]))
        return model(x).square().mean()

    regularised_gradients(model, loss, **OPTIONS)
    assert torch.equal(used[0], used[1])
    assert not torch.equal(used[0], torch.cat(buffers))


def test_all_is_put_back_where_the_second_evaluation_fails():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(), nn.Linear(8, 1))
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    start = [p.detach().clone() for p in model.parameters()]
    before = [torch.randn_like(p) for p in model.parameters()]
    for p, gradient in zip(model.parameters(), before, strict=True):
        p.grad = gradient.clone()
    calls = []

    def loss():
        calls.append(model[0].weight.detach().clone())
        if len(calls) == 2:
            raise KeyboardInterrupt
        return model(data()).square().mean()

    for step, options in ((gradient_regularised_step, OPTIONS), (sharpness_aware_step, {"radius": 0.5})):
        calls.clear()
        with pytest.raises(KeyboardInterrupt):
            step(model, loss, optimiser, **options)
        assert not torch.equal(calls[1], start[0])
        for p, value, gradient in zip(model.parameters(), start, before, strict=True):
            assert torch.equal(p, value)
            assert torch.equal(p.grad, gradient)


def test_parameters_keep_their_memory_and_every_bit():
    values = [torch.randn(100, generator=torch.Generator().manual_seed(k)) * 10**k for k in range(-3, 4)]
    kept, places = [v.clone() for v in values], [v.data_ptr() for v in values]
    with displaced_in_place(values, [torch.ones_like(v) for v in values[:-1]] + [None], 0.1):
        assert not any(torch.equal(*pair) for pair in zip(values[:-1], kept[:-1], strict=True))
        assert torch.equal(values[-1], kept[-1])
    assert all(torch.equal(*pair) for pair in zip(values, kept, strict=True))
    assert [v.data_ptr() for v in values] == places


def test_tied_and_unused_and_frozen_parameters():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(4, 4, bias=False), nn.Linear(4, 4, bias=False)
            self.second.weight = self.first.weight
            self.unused, self.frozen = nn.Linear(2, 2), nn.Linear(4, 4)
            self.frozen.requires_grad_(False)

        def forward(self, x):
            return self.frozen(self.second(torch.tanh(self.first(x))))

    torch.manual_seed(0)
    model, x = Tied().double(), data().double()
    w, frozen = model.first.weight.detach().clone(), model.frozen.weight.detach().clone()

    def gradient(weight):
        weight = weight.clone().requires_grad_()
        hidden = torch.tanh(x @ weight.T) @ weight.T
        loss = (hidden @ model.frozen.weight.T + model.frozen.bias).square().mean()
        return torch.autograd.grad(loss, weight)[0]

    regularised_gradients(model, lambda: model(x).square().mean(), **OPTIONS)
    g = gradient(w)
    expected = g + 0.3 * (gradient(w + 0.5 * g) - g) / 0.5
    assert torch.allclose(model.first.weight.grad, expected, rtol=1e-12, atol=1e-15)
    assert model.unused.weight.grad is None
    assert model.frozen.weight.grad is None
    assert torch.equal(model.frozen.weight, frozen)


def test_what_the_optimiser_does_not_train_is_neither_moved_nor_given_a_gradient():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    seen = []

    def loss():
        seen.append([p.detach().clone() for p in model.parameters()])
        return model(data()).square().mean()

    gradient_regularised_step(model, loss, torch.optim.SGD(model[1].parameters(), 0.1), **OPTIONS)
    assert torch.equal(seen[0][0], seen[1][0])
    assert not torch.equal(seen[0][2], seen[1][2])
    assert model[0].weight.grad is None


def test_autocast_around_the_step_does_not_keep_the_old_weights():
    torch.manual_seed(0)
    model, x = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)), data()

    def loss():
        return model(x).float().square().mean()

    with torch.autocast("cpu", dtype=torch.bfloat16):
        regularised_gradients(model, loss, strength=20.0, ascent=20.0)
        ascended = gradients(model)
        regularised_gradients(model, loss, strength=0.0, ascent=20.0)
    assert not torch.equal(ascended, gradients(model))


def backward_inside(model):
    value = model(data()).mean()
    value.backward(retain_graph=True)
    return value


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (lambda model: model(data()), r"loss gave a tensor \(16, 2\)"),
        (lambda model: 1.0, "loss gave float"),
        (lambda model: model(data()).mean().detach(), "depends on no parameter"),
        (backward_inside, "calls backward itself"),
    ],
)
@pytest.mark.parametrize("options", [OPTIONS, {"strength": 0.1, "difference": "exact"}])
def test_a_loss_that_cannot_work_is_refused(loss, message, options):
    model = nn.Linear(4, 2)
    with pytest.raises(GradientRegularisationError, match=message):
        regularised_gradients(model, lambda: loss(model), **options)
    assert all(p.grad is None for p in model.parameters())


def refused(model, optimiser, message):
    with pytest.raises(GradientRegularisationError, match=message):
        gradient_regularised_step(model, lambda: model(data()).mean(), optimiser, **OPTIONS)


def test_modules_and_optimisers_that_cannot_work_are_refused():
    model = nn.Linear(4, 2)
    parameters = list(model.parameters())
    refused(model, torch.amp.GradScaler("cpu"), "GradScaler")
    refused(model, torch.optim.LBFGS(parameters), "LBFGS")
    refused(model, torch.optim.SGD([*parameters, nn.Parameter(torch.ones(2))], 0.1), "1 parameters that are")
    half = nn.Linear(4, 2).bfloat16()
    refused(half, torch.optim.SGD(half.parameters(), 0.1), "torch.bfloat16")
    lazy = nn.LazyLinear(2)
    refused(lazy, torch.optim.SGD(lazy.parameters(), 0.1), "evaluate the model once")
    frozen = nn.Linear(4, 2).requires_grad_(False)
    refused(frozen, torch.optim.SGD(frozen.parameters(), 0.1), "nothing to train")


def test_sparse_gradients_are_refused_and_the_parameters_kept():
    model = nn.Embedding(5, 3, sparse=True)
    start = model.weight.detach().clone()
    for options in (OPTIONS, {"strength": 0.3, "difference": "exact"}):
        with pytest.raises(GradientRegularisationError, match="sparse=False"):
            regularised_gradients(model, lambda: model(torch.tensor([1, 2])).square().sum(), **options)
    assert torch.equal(model.weight, start)
    assert model.weight.grad is None


def test_a_plain_step_takes_sparse_gradients():
    model = nn.Embedding(5, 3, sparse=True)
    regularised_gradients(model, lambda: model(torch.tensor([1, 2])).sum(), strength=0.0, ascent=0.1)
    assert model.weight.grad.is_sparse
    assert model.weight.grad.to_dense().sum() == 6
