"""The trace by recursion against the whole Hessian, and against curvlinops."""

from itertools import pairwise

import curvlinops
import numpy as np
import pytest
import torch
from torch import nn

from widthscope.curvature.perceptron_hessian import DERIVATIVES, hessian_trace

SIZES = (5, 7, 6, 4)
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh}


def drawn(members=3, examples=9, sizes=SIZES, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    weights = [normal(members, out, into) / into**0.5 for into, out in pairwise(sizes)]
    biases = [0.3 * normal(members, out) for out in sizes[1:]]
    labels = torch.randint(sizes[-1], (members, examples), generator=generator)
    return weights, biases, normal(members, examples, sizes[0]), labels


def module_of(weights, biases, activation, member):
    layers = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(weight.shape[2], weight.shape[1], dtype=torch.float64)
        linear.weight.data, linear.bias.data = weight[member].clone(), bias[member].clone()
        layers += [linear, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers[:-1])


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_trace_is_that_of_the_whole_hessian_by_autograd(activation):
    weights, biases, x, labels = drawn()
    found = hessian_trace(weights, biases, DERIVATIVES[activation], x, labels, chunk=4)
    for member in range(len(x)):
        module = module_of(weights, biases, activation, member)
        names = [name for name, _ in module.named_parameters()]

        def loss(*values, member=member, module=module, names=names):
            logits = torch.func.functional_call(module, dict(zip(names, values, strict=True)), (x[member],))
            return nn.functional.cross_entropy(logits, labels[member])

        values = tuple(value.detach() for value in module.parameters())
        blocks = torch.autograd.functional.hessian(loss, values)
        sizes = [value.numel() for value in values]
        trace = sum(blocks[i][i].reshape(size, size).trace() for i, size in enumerate(sizes))
        assert found[member].item() == pytest.approx(trace.item(), rel=1e-12)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_trace_is_that_of_curvlinops(activation):
    weights, biases, x, labels = drawn(seed=1)
    found = hessian_trace(weights, biases, DERIVATIVES[activation], x, labels)
    module = module_of(weights, biases, activation, member=1)
    operator = curvlinops.HessianLinearOperator(
        module, nn.CrossEntropyLoss(), list(module.parameters()), [(x[1], labels[1])]
    )
    dense = operator @ torch.eye(operator.shape[1], dtype=torch.float64)
    assert found[1].item() == pytest.approx(float(np.trace(dense.numpy(force=True))), rel=1e-10)


def test_one_layer_of_zeros_has_the_trace_of_a_uniform_softmax():
    x = torch.ones(1, 3, 2, dtype=torch.float64)
    weights, biases = [torch.zeros(1, 5, 2, dtype=torch.float64)], [torch.zeros(1, 5, dtype=torch.float64)]
    found = hessian_trace(weights, biases, DERIVATIVES["relu"], x, torch.zeros(1, 3, dtype=torch.int64))
    assert found.item() == pytest.approx((2 + 1) * (1 - 1 / 5))


def test_members_do_not_mix_and_the_chunk_is_of_no_account():
    weights, biases, x, labels = drawn(seed=2)
    together = hessian_trace(weights, biases, DERIVATIVES["tanh"], x, labels)
    alone = hessian_trace(
        [w[1:2] for w in weights], [b[1:2] for b in biases], DERIVATIVES["tanh"], x[1:2], labels[1:2], chunk=1
    )
    assert torch.allclose(together[1:2], alone, rtol=1e-13)
