"""The drop-in for any module: against the definition, the ensemble's steps, and a published package."""

import copy

import pytest
import pytorch_optimizer
import torch
from pytorch_optimizer.optimizer.sam import get_global_gradient_norm
from torch import nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from widthscope.ensembles.optimisers import SGD
from widthscope.gradient_regularisation.ensemble_steps import DifferenceStep, SharpnessAwareStep
from widthscope.gradient_regularisation.errors import GradientRegularisationError
from widthscope.gradient_regularisation.module_step import (
    gradient_regularised_step,
    regularised_gradients,
    sharpness_aware_step,
)

RATE = 0.1


def network(seed=0, activation=nn.ReLU, dtype=torch.float64):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 8), activation(), nn.Linear(8, 8), activation(), nn.Linear(8, 3)).to(
        dtype
    )


def batches(count=5, dtype=torch.float64):
    generator = torch.Generator().manual_seed(7)
    return [
        (
            torch.randn(10, 5, generator=generator, dtype=torch.float64).to(dtype),
            torch.randint(3, (10,), generator=generator),
        )
        for _ in range(count)
    ]


def closure(model, batch):
    return lambda: functional.cross_entropy(model(batch[0]), batch[1])


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def gradient_at(model, batch, shift=None):
    """Gradient (P,) of a copy of the model whose parameters are moved by `shift`."""
    moved = copy.deepcopy(model)
    if shift is not None:
        nn.utils.vector_to_parameters(flat(moved.parameters()) + shift, moved.parameters())
    loss = functional.cross_entropy(moved(batch[0]), batch[1])
    return flat(torch.autograd.grad(loss, list(moved.parameters())))


@pytest.mark.parametrize("difference", ["forward", "backward", "centred"])
def test_gradients_are_those_of_the_definition(difference):
    model, batch, strength, ascent = network(), batches()[0], 0.3, 0.5
    start = flat(model.parameters())
    g = gradient_at(model, batch)
    ahead, behind = gradient_at(model, batch, ascent * g), gradient_at(model, batch, -ascent * g)
    expected = {
        "forward": g + strength * (ahead - g) / ascent,
        "backward": g + strength * (g - behind) / ascent,
        "centred": g + strength * (ahead - behind) / (2 * ascent),
    }[difference]
    value = regularised_gradients(
        model, closure(model, batch), strength=strength, ascent=ascent, difference=difference
    )
    assert torch.equal(flat(model.parameters()), start)
    assert torch.allclose(flat(p.grad for p in model.parameters()), expected, rtol=1e-12, atol=1e-15)
    assert value.item() == closure(model, batch)().item()
    assert not value.requires_grad


def test_exact_gradients_are_those_of_the_hessian():
    model, batch = network(activation=nn.Tanh), batches()[0]
    names = [name for name, _ in model.named_parameters()]
    sizes = [p.numel() for p in model.parameters()]
    shapes = [p.shape for p in model.parameters()]

    def loss_of(values):
        parts = (part.reshape(s) for part, s in zip(values.split(sizes), shapes, strict=True))
        outputs = torch.func.functional_call(model, dict(zip(names, parts, strict=True)), (batch[0],))
        return functional.cross_entropy(outputs, batch[1])

    hessian = torch.autograd.functional.hessian(loss_of, flat(model.parameters()))
    g = gradient_at(model, batch)
    regularised_gradients(model, closure(model, batch), strength=0.3, difference="exact")
    found = flat(p.grad for p in model.parameters())
    assert torch.allclose(found, g + 0.3 * hessian @ g, rtol=1e-11, atol=1e-14)


def test_complex_parameters_count_with_both_parts():
    torch.manual_seed(0)
    model, x = nn.Linear(3, 2, dtype=torch.complex128), torch.randn(5, 3, dtype=torch.complex128)

    def loss():
        return model(x).abs().pow(4).mean()

    def found(**options):
        regularised_gradients(model, loss, strength=0.3, **options)
        return flat(p.grad for p in model.parameters())

    exact, centred = found(difference="exact"), found(ascent=1e-5, difference="centred")
    assert torch.allclose(exact, centred, rtol=0, atol=1e-8)
    g = torch.cat([each.flatten() for each in torch.autograd.grad(loss(), list(model.parameters()))])
    sharpness_aware_step(model, loss, torch.optim.SGD(model.parameters(), 0.0), radius=0.2)
    ascended = flat(p.grad for p in model.parameters())
    length = 0.2 / torch.view_as_real(g).norm().item()
    optimiser = torch.optim.SGD(model.parameters(), 0.0)
    sharpness_aware_step(model, loss, optimiser, radius=length, normalised=False)
    assert torch.allclose(flat(p.grad for p in model.parameters()), ascended, rtol=1e-12, atol=0)


def test_sharpness_aware_gradients_are_those_after_the_ascent_and_zero_where_it_uses_nothing():
    torch.manual_seed(0)
    model, used, x = nn.ModuleList([nn.Linear(2, 1), nn.Linear(2, 1), nn.Linear(2, 1)]), [], torch.ones(3, 2)

    def loss():
        """Its second evaluation leaves the second module out; the third is never used."""
        used.append(None)
        return model[0](x).square().sum() + (model[1](x).sum() if len(used) == 1 else 0.0)

    sharpness_aware_step(model, loss, torch.optim.SGD(model.parameters(), 0.0), radius=0.1)
    assert model[0].weight.grad.abs().min() > 0
    assert torch.equal(model[1].weight.grad, torch.zeros(1, 2))
    assert model[2].weight.grad is None


@pytest.mark.parametrize("difference", ["forward", "exact"])
def test_strength_zero_is_a_plain_step_to_the_last_bit(difference):
    ours, plain = network(dtype=torch.float32), network(dtype=torch.float32)
    optimisers = [torch.optim.SGD(m.parameters(), RATE, 0.9, weight_decay=0.01) for m in (ours, plain)]
    ascent = None if difference == "exact" else 0.5
    for batch in batches(dtype=torch.float32):
        gradient_regularised_step(
            ours, closure(ours, batch), optimisers[0], strength=0.0, ascent=ascent, difference=difference
        )
        optimisers[1].zero_grad()
        closure(plain, batch)().backward()
        optimisers[1].step()
    assert torch.equal(flat(ours.parameters()), flat(plain.parameters()))


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(
    # The package computes radius / |g| in float32, which gives its ascents a relative error of some 1e-7.
    ("normalised", "tolerance"),
    [(True, 1e-6), (False, 1e-13)],
)
def test_sharpness_aware_steps_are_those_of_a_published_package(momentum, normalised, tolerance):
    ours, theirs = network(), network()
    own = torch.optim.SGD(ours.parameters(), RATE, momentum, weight_decay=0.01)
    published = pytorch_optimizer.SAM(
        theirs.parameters(), torch.optim.SGD, rho=0.3, lr=RATE, momentum=momentum, weight_decay=0.01
    )
    start = flat(ours.parameters())
    for batch in batches(8):

        def evaluate(batch=batch):
            published.zero_grad()
            loss = closure(theirs, batch)()
            loss.backward()
            return loss

        evaluate()
        squares = get_global_gradient_norm(published.param_groups)
        radius = 0.3 if normalised else (0.3 / (squares.sqrt() + 1e-12)).item()
        sharpness_aware_step(ours, closure(ours, batch), own, radius=radius, normalised=normalised)
        published.step(evaluate)
    assert torch.allclose(flat(ours.parameters()), flat(theirs.parameters()), rtol=0, atol=tolerance)
    assert (flat(ours.parameters()) - start).abs().max() > 0.01


def test_drop_in_and_ensemble_take_the_same_steps():
    models = [network(seed) for seed in range(2)]
    names = [name.replace(".", "_") for name, _ in models[0].named_parameters()]
    start = {
        name: torch.stack([list(m.parameters())[place].detach() for m in models])
        for place, name in enumerate(names)
    }

    def loss(p, batch):
        hidden = torch.relu(batch["x"] @ p["0_weight"].mT + p["0_bias"][:, None])
        hidden = torch.relu(hidden @ p["2_weight"].mT + p["2_bias"][:, None])
        logs = functional.log_softmax(hidden @ p["4_weight"].mT + p["4_bias"][:, None], dim=2)
        return -logs.gather(2, batch["y"][..., None]).mean(dim=(1, 2))

    ensembles = {
        "forward": DifferenceStep(loss, SGD(RATE, 0.9), 0.3, 0.5),
        "unnormalised": SharpnessAwareStep(loss, SGD(RATE, 0.9), 0.5, normalised=False),
        "normalised": SharpnessAwareStep(loss, SGD(RATE, 0.9), 0.5),
    }
    for kind, step in ensembles.items():
        parameters, state = start, step.start(start)
        alone = [copy.deepcopy(m) for m in models]
        optimisers = [torch.optim.SGD(m.parameters(), RATE, 0.9) for m in alone]
        for k, batch in enumerate(batches()):
            stacked = {"x": batch[0].expand(2, -1, -1), "y": batch[1].expand(2, -1)}
            parameters, state, losses = step(parameters, state, stacked, k)
            for member, (model, optimiser) in enumerate(zip(alone, optimisers, strict=True)):
                of_batch = closure(model, batch)
                if kind == "forward":
                    value = gradient_regularised_step(model, of_batch, optimiser, strength=0.3, ascent=0.5)
                else:
                    value = sharpness_aware_step(
                        model, of_batch, optimiser, radius=0.5, normalised=kind == "normalised"
                    )
                assert value.item() == pytest.approx(losses[member].item(), rel=1e-12)
        for member, model in enumerate(alone):
            for name, p in zip(names, model.parameters(), strict=True):
                assert torch.allclose(parameters[name][member], p, rtol=1e-11, atol=1e-13), (kind, name)


def test_sharpness_aware_is_the_forward_difference_with_strength_of_the_ascent():
    first, second = network(), network()
    for batch in batches():
        regularised_gradients(first, closure(first, batch), strength=0.2, ascent=0.2)
        optimiser = torch.optim.SGD(second.parameters(), 0.0)
        sharpness_aware_step(second, closure(second, batch), optimiser, radius=0.2, normalised=False)
        found = [flat(p.grad for p in model.parameters()) for model in (first, second)]
        assert torch.allclose(*found, rtol=1e-13, atol=1e-16)


def test_sharpness_aware_step_without_gradient_stays():
    model = nn.Linear(2, 1, bias=False)
    start = model.weight.detach().clone()
    optimiser = torch.optim.SGD(model.parameters(), 1.0)
    sharpness_aware_step(model, lambda: model(torch.zeros(3, 2)).sum(), optimiser, radius=0.1)
    assert torch.equal(model.weight, start)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": -0.1, "ascent": 0.1}, "strength -0.1 must be finite"),
        ({"strength": 0.1}, "ascent None must be finite and above 0"),
        ({"strength": 0.1, "ascent": -0.5}, "ascent -0.5 must be finite and above 0"),
        ({"strength": 0.1, "ascent": 0.1, "difference": "exact"}, "has no meaning"),
        ({"strength": 0.1, "ascent": 0.1, "difference": "sideways"}, "'sideways' is none of"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(options, message):
    model = network()
    with pytest.raises(GradientRegularisationError, match=message):
        regularised_gradients(model, closure(model, batches()[0]), **options)
    optimiser = torch.optim.SGD(model.parameters(), 1.0)
    with pytest.raises(GradientRegularisationError, match=r"radius 0\.0"):
        sharpness_aware_step(model, closure(model, batches()[0]), optimiser, radius=0.0)


WAYS = [
    lambda *given: gradient_regularised_step(*given, strength=0.1, ascent=0.1),
    lambda *given: gradient_regularised_step(*given, strength=0.0, ascent=0.1),
    lambda *given: gradient_regularised_step(*given, strength=0.1, difference="exact"),
    lambda *given: sharpness_aware_step(*given, radius=0.1),
]


@pytest.mark.parametrize("step", WAYS)
@pytest.mark.parametrize("head", [False, True])
def test_a_part_that_checkpointing_hides_is_refused_and_one_that_it_shows_is_trained(step, head):
    model, batch = network(), batches()[0]
    model[0].requires_grad_(False)
    model[4].requires_grad_(head)

    def loss(reentrant):
        hidden = model[0](batch[0]).requires_grad_()
        hidden = checkpoint(model[1:4], hidden, use_reentrant=reentrant)
        return functional.cross_entropy(model[4](hidden), batch[1])

    start = copy.deepcopy(model.state_dict())
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(GradientRegularisationError, match="use_reentrant=False"):
        step(model, lambda: loss(True), optimiser)
    assert all(torch.equal(value, start[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())
    step(model, lambda: loss(False), optimiser)
    assert not torch.equal(model[2].weight, start["2.weight"])


@pytest.mark.parametrize("step", WAYS)
def test_losses_that_are_none_of_this_model_are_refused(step):
    model, other = network(), network(seed=1)
    optimiser = torch.optim.SGD(model.parameters(), 0.1)
    with pytest.raises(GradientRegularisationError, match="depends on none of the parameters"):
        step(model, closure(other, batches()[0]), optimiser)
    assert all(p.grad is None for p in other.parameters())
    with pytest.raises(GradientRegularisationError, match=r"must be a function .* not a Tensor"):
        step(model, closure(model, batches()[0])(), optimiser)
