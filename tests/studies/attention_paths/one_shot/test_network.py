import itertools
import math

import pytest
import torch
from tests.studies.attention_paths.one_shot.literal_network import literal, literal_losses

from widthscope.path_theory.attention import attention_matrices, bilinear_form
from widthscope.path_theory.inputs import path_inputs
from widthscope.studies.attention_paths.one_shot import network

SHAPES = [(1, 3, 2), (2, 2, 3), (3, 2, 2), (2, 4, 1), (3, 1, 4)]
"""Layers, heads, dimension of a head."""

WIDTH, FEATURES, TOKENS = 5, 6, 4


def members(shape, count=2):
    drawn = [
        network.initial(torch.Generator().manual_seed(seed), *shape, WIDTH, FEATURES) for seed in range(count)
    ]
    return {name: torch.stack([one[name] for one in drawn]) for name in drawn[0]}


def tokens_of(count=2, episodes=7):
    shape = (count, episodes, TOKENS, FEATURES)
    return torch.randn(shape, generator=torch.Generator().manual_seed(9), dtype=torch.float64)


@pytest.mark.parametrize("shape", SHAPES)
def test_effective_weights_give_the_literal_forward_pass_and_its_gradients(shape):
    parameters = {name: values.requires_grad_() for name, values in members(shape).items()}
    tokens = tokens_of()
    labels = torch.where(tokens[:, :, 0, 0] > 0, 1.0, -1.0).double()
    batch = {"tokens": tokens, "labels": labels}
    outputs = network.outputs(parameters, tokens)
    for place in range(2):
        one = {name: values[place] for name, values in parameters.items()}
        for episode in range(7):
            wanted = literal(one, tokens[place, episode])
            torch.testing.assert_close(outputs[place, episode], wanted, rtol=1e-12, atol=1e-13)
    found, wanted = network.losses(parameters, batch), literal_losses(parameters, batch)
    torch.testing.assert_close(found, wanted, rtol=1e-12, atol=1e-13)
    leaves = list(parameters.values())
    for ours, theirs in zip(
        torch.autograd.grad(found.sum(), leaves), torch.autograd.grad(wanted.sum(), leaves), strict=True
    ):
        assert float(theirs.abs().max()) > 0
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_paths_weight_is_the_product_along_it_the_first_layers_head_slowest(shape):
    parameters = members(shape)
    weights = network.path_weights(parameters)
    layers, heads = shape[:2]
    paths = list(itertools.product(range(heads), repeat=layers))
    assert weights.shape == (2, len(paths), WIDTH)
    for place in range(2):
        for index, path in enumerate(paths):
            along = parameters["readout"][place]
            for layer in reversed(range(layers)):
                along = along @ parameters["values"][place, layer, path[layer]]
            torch.testing.assert_close(weights[place, index], along / WIDTH ** (layers / 2))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_theorys_attention_and_path_inputs_give_the_same_outputs(shape):
    """What the theory is given of a trained network is what the network computes with."""
    parameters, tokens = members(shape), tokens_of()
    outputs, weights = network.outputs(parameters, tokens), network.path_weights(parameters)
    layers, heads = shape[:2]
    for place in range(2):
        attentions = [
            attention_matrices(
                tokens[place],
                bilinear_form(parameters["queries"][place, layer], parameters["keys"][place, layer]),
            )
            for layer in range(layers)
        ]
        inputs = path_inputs(tokens[place], attentions, "mean")
        effective = weights[place] @ parameters["value_0"][place]
        wanted = torch.einsum("di,ndi->n", effective, inputs) / math.sqrt(heads**layers * WIDTH * FEATURES)
        torch.testing.assert_close(outputs[place], wanted, rtol=1e-12, atol=1e-13)


def test_equal_heads_are_one_head_of_summed_values():
    """Without differences between heads, attention paths collapse to one."""
    parameters = members((1, 3, 2))
    for name in ("queries", "keys"):
        parameters[name][:] = parameters[name][:, :, :1]
    one = {**parameters, "queries": parameters["queries"][:, :, :1], "keys": parameters["keys"][:, :, :1]}
    one["values"] = parameters["values"].sum(dim=2, keepdim=True) / math.sqrt(3)
    tokens = tokens_of()
    torch.testing.assert_close(network.outputs(parameters, tokens), network.outputs(one, tokens))


def test_initial_weights_have_the_priors_variance():
    drawn = network.initial(torch.Generator().manual_seed(1), 2, 4, 8, 64, 26)
    variances = {"queries": 1 / 26, "keys": 1 / 26, "value_0": 1.0, "values": 1.0}
    for name, wanted in variances.items():
        values = drawn[name]
        error = wanted * math.sqrt(2 / values.numel())
        assert abs(float(values.square().mean()) - wanted) < 5 * error, name
    assert drawn["readout"].shape == (64,)
    assert drawn["values"].shape == (2, 4, 64, 64)
