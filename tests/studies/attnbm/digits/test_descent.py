"""The machines that gradient descent trains, against their likelihoods and against chance."""

import pytest
import torch

from widthscope.boltzmann import gaussian_bernoulli
from widthscope.boltzmann.mixture import Machine, sample
from widthscope.ensembles.optimisers import SGD
from widthscope.studies.attnbm.digits.descent import GaussianBernoulliStep, contrastive_gradient
from widthscope.studies.attnbm.seed_batches import SeedBatches


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def machine():
    return Machine(0.5 * drawn(2, 3, 4, seed=1), drawn(2, 4, seed=2), drawn(2, 3, seed=3))


def test_the_exact_step_descends_the_likelihood_that_all_states_give(machine):
    visible = drawn(2, 6, 4, seed=4)
    leaves = Machine(*(value.clone().requires_grad_() for value in machine))
    loss = gaussian_bernoulli.mean_negative_log_likelihood(leaves, visible)
    gradients = torch.autograd.grad(loss.sum(), list(leaves))
    parameters = dict(zip(Machine._fields, machine, strict=True))
    step = GaussianBernoulliStep(SGD(torch.tensor([0.1, 0.3], dtype=torch.float64)))
    new, _, _ = step(parameters, step.start(parameters), {"visible": visible}, 0)
    for name, gradient in zip(Machine._fields, gradients, strict=True):
        for place, rate in enumerate((0.1, 0.3)):
            moved = parameters[name][place] - rate * gradient[place]
            assert torch.allclose(new[name][place], moved, rtol=0, atol=1e-12)


def test_contrastive_divergence_is_nothing_on_average_where_data_are_the_machines_own(machine):
    """Draws of the machine stay draws of it after one step, so that both terms have one expectation."""
    count = 40_000
    own = Machine(*(value[:1] for value in machine))
    attention = gaussian_bernoulli.as_attention(own)
    visible = sample(attention, count, torch.Generator().manual_seed(5))
    uniform = torch.rand(1, count, 3, generator=torch.Generator().manual_seed(6), dtype=torch.float64)
    found = contrastive_gradient(own, visible, uniform, drawn(1, count, 4, seed=7))
    for gradient in found:
        assert float(gradient.abs().max()) < 6 * 2 / count**0.5
    shifted = contrastive_gradient(own, visible + 1, uniform, drawn(1, count, 4, seed=7))
    assert float(shifted.visible_bias.abs().max()) > 0.2


def test_contrastive_divergence_without_weights_by_hand():
    own = Machine(torch.zeros(1, 2, 3), torch.tensor([[1.0, 2.0, 3.0]]), torch.zeros(1, 2))
    visible, noise = drawn(1, 5, 3, seed=8).float(), drawn(1, 5, 3, seed=9).float()
    found = contrastive_gradient(own, visible, torch.full((1, 5, 2), 0.3), noise)
    assert torch.allclose(found.visible_bias, (visible - own.visible_bias - noise).mean(1))
    assert torch.equal(found.hidden_bias, torch.zeros(1, 2))
    assert torch.allclose(found.weights, 0.5 * (visible - 1 * own.visible_bias - noise).mean(1)[:, None])


def test_members_of_one_seed_see_the_same_images_at_their_own_scale():
    examples = torch.arange(12.0).reshape(2, 3, 2)
    order = torch.tensor([[[0, 2], [1, 0]], [[2, 1], [0, 1]]])
    batches = SeedBatches(examples, order, torch.tensor([0, 1, 1]), torch.tensor([1.0, 1.0, 2.0]))
    visible = batches(1)["visible"]
    assert torch.equal(visible[0], examples[0, [1, 0]])
    assert torch.equal(visible[1], examples[1, [0, 1]])
    assert torch.equal(visible[2], 2 * visible[1])
