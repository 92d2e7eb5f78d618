"""Three-layer networks of a few units in float64, and each update written out with its n x n matrices."""

import torch

from widthscope.ensembles.members import Members
from widthscope.ensembles.parameters import stacked
from widthscope.ensembles.second_order.damping import damping
from widthscope.ensembles.second_order.factors import SampledResiduals
from widthscope.ensembles.second_order.kfac import KFAC
from widthscope.models.mlp import backward, forward, initial, layer_names, sizes

MEMBERS = Members.grid(seed=range(3))
NAMES = layer_names(3)
SAMPLES, INPUTS, OUTPUTS = 7, 5, 3
NOISE = SampledResiduals(MEMBERS.keys("noise"))


def drawn(width, dtype=torch.float64, seed=0):
    """Parameters of three members and a batch: its inputs an expanded view, its targets each member's own."""
    generators = MEMBERS.generators("weights", seed)
    parameters = stacked([initial(g, sizes(INPUTS, width, OUTPUTS, 3)) for g in generators], dtype=dtype)
    generator = torch.Generator().manual_seed(seed + 5)
    x = torch.randn(SAMPLES, INPUTS, generator=generator, dtype=torch.float64).to(dtype)
    y = torch.randn(len(MEMBERS), SAMPLES, OUTPUTS, generator=generator, dtype=torch.float64).to(dtype)
    return parameters, {"x": x.expand(len(MEMBERS), -1, -1), "y": y}


def rates(value=1.0, names=NAMES):
    return dict.fromkeys(names, torch.full((len(MEMBERS),), value, dtype=torch.float64))


def ridge(*values):
    return torch.tensor(values or (0.1, 0.02, 0.5), dtype=torch.float64)


def kfac(rule="rescaled", **options):
    return KFAC("tanh", rates(), damping(rule, NAMES, ridge(), ridge(0.03, 0.3, 0.1)), noise=NOISE, **options)


def gradients(parameters, batch, activation="tanh"):
    """Each layer's G_l of every member by autograd of the loss."""
    leaves = {name: value.clone().requires_grad_() for name, value in parameters.items()}
    phi = {"tanh": torch.tanh, "relu": torch.relu}[activation]
    hidden = batch["x"]
    for place, name in enumerate(leaves):
        hidden = (phi(hidden) if place else hidden) @ leaves[name].mT
    losses = (hidden - batch["y"]).square().sum((1, 2)) / (2 * hidden.shape[1])
    return dict(zip(leaves, torch.autograd.grad(losses.sum(), list(leaves.values())), strict=True))


def explicit_factors(parameters, batch, fisher, step=0):
    """(A_l, B_l) of every layer, n x n, each row back-propagated alone for ``exact``."""
    run = forward(parameters, batch["x"], "tanh")
    outputs = run.outputs
    if fisher == "exact":
        signals = [torch.zeros_like(outputs) for _ in range(OUTPUTS)]
        for output, signal in enumerate(signals):
            signal[:, :, output] = 1
    else:
        signals = [outputs - batch["y"] if fisher == "emp" else NOISE(step, outputs)]
    passed = [backward(parameters, run, signal, "tanh") for signal in signals]
    count = outputs.shape[1]
    return {
        name: (
            run.inputs[layer].mT @ run.inputs[layer] / count,
            sum(p[layer].mT @ p[layer] for p in passed) / count,
        )
        for layer, name in enumerate(parameters)
    }


def power(matrix, added, exponent):
    """(matrix + added I)^-exponent of each member, by its n eigenvalues."""
    values, vectors = torch.linalg.eigh(matrix)
    return vectors @ torch.diag_embed((values + added[:, None]) ** -exponent) @ vectors.mT


def trace(matrix):
    return matrix.diagonal(dim1=1, dim2=2).sum(1)
