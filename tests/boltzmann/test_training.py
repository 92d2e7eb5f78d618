"""The closed gradient against autograd, and the steps against each other."""

import math

import pytest
import torch

from widthscope.boltzmann.training import (
    HIDDEN_BIAS,
    VISIBLE_BIAS,
    WEIGHTS,
    BiasFreeDescent,
    LikelihoodStep,
    adam_cosine,
    attend,
    from_data,
    likelihood_gradients,
    small,
)
from widthscope.ensembles.batches import Minibatches, epochs
from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import SGD
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.training import train

NAMES = (WEIGHTS, VISIBLE_BIAS, HIDDEN_BIAS)


def drawn(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def members_of(names, members=3, components=4, visible=5):
    shapes = {WEIGHTS: (components, visible), VISIBLE_BIAS: (visible,), HIDDEN_BIAS: (components,)}
    return {name: drawn(members, *shapes[name], seed=place) for place, name in enumerate(names)}


def mixture_losses(parameters, batch):
    """Mean negative log density of the mixture of Gaussians, component by component."""
    weights = parameters[WEIGHTS]
    bias = parameters.get(VISIBLE_BIAS, weights.new_zeros(weights.shape[0], weights.shape[2]))
    hidden = parameters.get(HIDDEN_BIAS, weights.new_zeros(weights.shape[:2]))
    levels = weights.square().sum(-1) / 2 + torch.einsum("mhn,mn->mh", weights, bias) + hidden
    means = bias[:, None] + weights
    squares = (batch["visible"][:, :, None] - means[:, None]).square().sum(-1)
    constant = weights.shape[-1] * math.log(2 * math.pi) / 2
    return (constant - (levels.log_softmax(-1)[:, None] - squares / 2).logsumexp(-1)).mean(1)


@pytest.mark.parametrize("names", [NAMES, NAMES[:1], NAMES[:2], (WEIGHTS, HIDDEN_BIAS)])
def test_loss_and_gradients_are_those_of_the_mixture(names):
    parameters, visible = members_of(names), 2 * drawn(3, 7, 5, seed=9)
    losses, gradients = likelihood_gradients(parameters, visible)
    expected, by_autograd = value_and_gradients(mixture_losses, parameters, {"visible": visible})
    torch.testing.assert_close(losses, expected, rtol=1e-13, atol=1e-13)
    assert set(gradients) == set(names)
    for name in names:
        torch.testing.assert_close(gradients[name], by_autograd[name], rtol=1e-12, atol=1e-13)


def test_norms_of_hundreds_overflow_nothing():
    parameters = {WEIGHTS: 28 * torch.eye(4, 784)[None]}
    losses, gradients = likelihood_gradients(parameters, 28 * torch.eye(4, 784)[None])
    assert torch.isfinite(losses).all()
    assert torch.isfinite(gradients[WEIGHTS]).all()
    expected = math.log(4) + 392 * math.log(2 * math.pi)
    assert float(losses[0]) == pytest.approx(expected, rel=1e-6)


def test_one_component_is_one_gaussian():
    parameters = {WEIGHTS: drawn(1, 1, 3)}
    _, gradients = likelihood_gradients(parameters, drawn(1, 6, 3, seed=4))
    expected = parameters[WEIGHTS] - drawn(1, 6, 3, seed=4).mean(1, keepdim=True)
    torch.testing.assert_close(gradients[WEIGHTS], expected)


def test_the_fused_descent_is_gradient_descent_at_each_members_rate():
    parameters, visible = members_of(NAMES[:1]), drawn(3, 4, 5, seed=2)
    rates = torch.tensor([0.1, 0.3, 0.0], dtype=torch.float64)
    plain, _, losses = LikelihoodStep(SGD(rates))(parameters, {}, {"visible": visible}, 0)
    fused, _, same = BiasFreeDescent(rates)(parameters, {}, {"visible": visible}, 0)
    torch.testing.assert_close(fused[WEIGHTS], plain[WEIGHTS], rtol=1e-13, atol=1e-14)
    torch.testing.assert_close(same, losses)
    assert torch.equal(fused[WEIGHTS][2], parameters[WEIGHTS][2])


def test_components_on_examples_have_equal_mixing_weights():
    examples = 3 * drawn(20, 5) + 1
    parameters = from_data(torch.Generator().manual_seed(1), 6, examples)
    found = attend({name: value[None] for name, value in parameters.items()}, examples[None])
    torch.testing.assert_close(found.mixing, torch.full((1, 6), 1 / 6, dtype=torch.float64))
    means = parameters[WEIGHTS] + parameters[VISIBLE_BIAS]
    places = torch.cdist(means, examples).argmin(dim=1)
    torch.testing.assert_close(means, examples[places])
    assert len(set(places.tolist())) == 6
    with pytest.raises(ValueError, match="21 components"):
        from_data(torch.Generator(), 21, examples)


def test_training_from_small_weights_finds_two_clusters():
    members = Members.grid(seed=range(3))
    centres = torch.tensor([[4.0, 0.0], [-4.0, 0.0]])
    examples = centres.repeat(50, 1) + drawn(100, 2).float()
    order = epochs(members.generators("order"), 100, 100, 200)
    start = stacked([small(generator, 2, 2) for generator in members.generators("weights")])
    trained = train(members, start, adam_cosine(0.1, 200), Minibatches({"visible": examples}, order), 200)
    means = (trained.parameters[WEIGHTS] + trained.parameters[VISIBLE_BIAS][:, None]).double()
    nearest = torch.cdist(means, centres.double()[None]).amin(dim=1)
    assert float(nearest.max()) < 0.5
    assert set(small(torch.Generator(), 2, 2, biases=False)) == {WEIGHTS}
