"""The closed gradient of softmax autoencoders, against differentiation."""

import torch

from widthscope.boltzmann.autoencoder import AutoencoderStep, autoencoder_gradients
from widthscope.boltzmann.denoising import autoencoder_loss
from widthscope.boltzmann.mixture import Machine
from widthscope.ensembles.optimisers import SGD


def drawn(members=3, components=4, visible=5, batch=7):
    torch.manual_seed(0)
    parameters = {
        "weights": torch.randn(members, components, visible, dtype=torch.float64),
        "visible_bias": torch.randn(members, visible, dtype=torch.float64),
        "hidden_bias": torch.randn(members, components, dtype=torch.float64),
    }
    clean = torch.randn(members, batch, visible, dtype=torch.float64)
    return parameters, clean, clean + torch.randn_like(clean)


def test_losses_and_gradients_are_those_of_differentiation():
    parameters, clean, corrupted = drawn()
    losses, gradients = autoencoder_gradients(parameters, clean, corrupted)
    leaves = {name: value.requires_grad_() for name, value in parameters.items()}
    expected = autoencoder_loss(Machine.of(leaves), clean, corrupted).mean(dim=-1)
    torch.testing.assert_close(losses, expected, rtol=1e-13, atol=0)
    found = torch.autograd.grad(expected.sum(), list(leaves.values()))
    for name, gradient in zip(leaves, found, strict=True):
        torch.testing.assert_close(gradients[name], gradient, rtol=1e-11, atol=1e-13)


def test_a_step_goes_down_and_leaves_its_arguments_as_they_were():
    parameters, clean, corrupted = drawn()
    batch = {"clean": clean, "corrupted": corrupted}
    before = {name: value.clone() for name, value in (parameters | batch).items()}
    step = AutoencoderStep(SGD(0.01))
    new, _, losses = step(parameters, step.start(parameters), batch, 0)
    for name, value in (parameters | batch).items():
        assert torch.equal(value, before[name])
    assert (autoencoder_gradients(new, clean, corrupted)[0] < losses).all()


def test_one_component_that_copies_the_only_clean_vector_has_no_loss():
    clean = torch.tensor([[[1.0, -2.0]]])
    parameters = {"weights": clean, "visible_bias": torch.zeros(1, 2), "hidden_bias": torch.zeros(1, 1)}
    losses, gradients = autoencoder_gradients(parameters, clean.expand(1, 5, 2), torch.full((1, 5, 2), 3.0))
    assert float(losses[0]) == 0.0
    assert all(float(gradient.abs().max()) == 0.0 for gradient in gradients.values())
