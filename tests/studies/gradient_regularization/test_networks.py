"""The study's networks, against plain PyTorch, one member at a time."""

import numpy as np
import pytest
import torch
from torch import nn

from widthscope.ensembles.parameters import stacked
from widthscope.gradient_regularisation import differences
from widthscope.models.residual import ResidualError
from widthscope.streams import torch_generator
from widthscope.studies.gradient_regularization.networks import (
    CHUNK,
    Network,
    forward,
    initial,
    loss,
    performance,
)

SMALL = Network(layers=3, width=5, inputs=6, classes=4)
RESIDUAL = Network(kind="resnet-18", width=2, classes=3, channels=1)


def drawn(network, members=3):
    generators = [torch_generator("test", "weights", member) for member in range(members)]
    return stacked([initial(generator, network) for generator in generators], dtype=torch.float64)


def examples(network, count=7, members=3, shape=(6,)):
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(members, count, *shape, generator=generator, dtype=torch.float64)
    return x, torch.randint(network.classes, (members, count), generator=generator)


def plain(network, parameters, member):
    """The same network as a PyTorch module."""
    layers = []
    for layer in range(1, network.layers + 1):
        linear = nn.Linear(network.sizes[layer - 1], network.sizes[layer], dtype=torch.float64)
        with torch.no_grad():
            linear.weight.copy_(parameters[f"W{layer}"][member])
            linear.bias.copy_(parameters[f"b{layer}"][member])
        layers += [linear, nn.ReLU() if network.activation == "relu" else nn.Tanh()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("layers", [1, 2, 4])
def test_logits_loss_and_accuracy_are_those_of_a_module(activation, layers):
    network = Network(activation, layers, 5, 6, 4)
    parameters, (x, labels) = drawn(network), examples(network)
    for name in parameters:
        parameters[name] += 0.1  # biases are zero at the start
    logits = forward(network, parameters, x)
    found = performance(network, parameters, x, labels)
    losses = loss(network)(parameters, {"x": x, "labels": labels})
    for member in range(3):
        expected = plain(network, parameters, member)(x[member]).detach()
        torch.testing.assert_close(logits[member], expected)
        entropy = nn.functional.cross_entropy(expected, labels[member])
        torch.testing.assert_close(losses[member], entropy)
        torch.testing.assert_close(found.cross_entropy[member], entropy)
        right = float((expected.argmax(-1) == labels[member]).double().mean())
        assert float(found.accuracy[member]) == pytest.approx(right)


def test_double_backpropagation_goes_through_the_loss():
    """H g by autograd twice equals a centred difference of gradients with tanh."""
    network = Network("tanh", 3, 5, 6, 4)
    parameters, (x, labels) = drawn(network), examples(network)
    batch = {"x": x, "labels": labels}
    _, gradient, product = differences.exact(loss(network), parameters, batch)

    def gradients(at):
        return differences.exact(loss(network), at, batch)[1]

    estimate = differences.centred(gradients, parameters, gradient, 1e-4)
    for name, value in product.items():
        torch.testing.assert_close(value, estimate[name], rtol=1e-6, atol=1e-8)


def test_initial_weights_have_the_variance_of_he_and_do_not_depend_on_the_activation():
    wide = Network(layers=3, width=400, inputs=300, classes=10)
    found = initial(torch_generator("test", 0), wide)
    for layer, fan_in in ((1, 300), (2, 400)):
        weight = found[f"W{layer}"]
        # 120 000 and 160 000 numbers: the relative error of a variance is sqrt(2 / n) < 0.0041.
        assert float(weight.var()) * fan_in == pytest.approx(2.0, rel=5 * 0.0041)
    assert all(float(value.abs().max()) == 0 for name, value in found.items() if name.startswith("b"))
    smooth = initial(torch_generator("test", 0), Network("tanh", 3, 400, 300, 10))
    assert all(torch.equal(value, smooth[name]) for name, value in found.items())


def test_members_share_sets_of_images_and_more_images_pass_in_chunks():
    parameters, (x, labels) = drawn(SMALL, 4), examples(SMALL, CHUNK + 3, members=2)
    sets = torch.tensor([0, 1, 1, 0])
    found = performance(SMALL, parameters, x, labels, sets)
    logits = forward(SMALL, parameters, x[sets])
    assert found.accuracy.tolist() == pytest.approx(
        (logits.argmax(-1) == labels[sets]).double().mean(1).tolist()
    )
    entropies = [
        float(nn.functional.cross_entropy(own, classes))
        for own, classes in zip(logits, labels[sets], strict=True)
    ]
    assert found.cross_entropy.tolist() == pytest.approx(entropies)


def test_a_residual_network_is_tested_with_the_moments_of_the_images_it_learnt():
    parameters = drawn(RESIDUAL)
    x, labels = examples(RESIDUAL, 4, shape=(1, 8, 8))
    learnt = examples(RESIDUAL, 6, shape=(1, 8, 8))[0]
    together = performance(RESIDUAL, parameters, x, labels, learnt=learnt)
    alone = performance(RESIDUAL, parameters, x[:, :1], labels[:, :1], learnt=learnt)
    rest = performance(RESIDUAL, parameters, x[:, 1:], labels[:, 1:], learnt=learnt)
    # With the batch's own moments an image's loss would depend on the images beside it.
    mean = (alone.cross_entropy + 3 * rest.cross_entropy) / 4
    np.testing.assert_allclose(together.cross_entropy, mean, rtol=1e-12)
    own = performance(RESIDUAL, parameters, x, labels)
    assert not np.allclose(own.cross_entropy, together.cross_entropy, rtol=1e-3)


def test_wide_networks_have_the_depth_and_the_channels_that_are_asked_for():
    wide = Network(kind="wide-resnet", layers=28, width=160)
    assert (wide.residual.depth, wide.residual.widening) == (28, 10)
    with pytest.raises(ResidualError, match="depth 27"):
        _ = Network(kind="wide-resnet", layers=27, width=160).residual
