"""Conditional draws against brute force, and the chain's law where it is known otherwise."""

import math

import numpy as np
import pytest
import torch
from scipy import stats
from tests.posteriors.weights.oracles import path_forward, prior_weights
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.network import Network
from widthscope.posteriors.weights.diagnostics import convergence
from widthscope.posteriors.weights.forward import Weights, order_parameter, prior_variances, shapes
from widthscope.posteriors.weights.gibbs import BlockGibbs, gibbs

UNEQUAL = Network((3, 2), (4, 3, 2), (1.2, 0.8, 1.4, 0.9))
NETWORKS = {
    "one head": Network((1,), (3, 2)),
    "one layer": Network((2,), (3, 4)),
    "unequal": UNEQUAL,
    "three layers": Network((2, 1, 2), (2, 3, 2, 3)),
}


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def features_of(weights: Weights, layer: int, inputs: Tensor) -> Tensor:
    """Phi (P, entries) of one map: the outputs of every unit vector in its place."""
    count = weights[layer].numel()
    units = torch.eye(count, dtype=torch.float64).reshape(count, *weights[layer].shape)
    rows = [path_forward([*weights[:layer], unit, *weights[layer + 1 :]], inputs) for unit in units]
    return torch.stack(rows, dim=1)


class GivenNormals(BlockGibbs):
    """Draws nothing: the normals of the map that is watched are unit vectors, one a chain, or zeros."""

    def __init__(self, inputs: Tensor, network: Network, temperature: float, layer: int, count: int) -> None:
        self.made, self.layer, self.count, self.used = 0, layer, count, 0
        super().__init__(inputs, temperature, network, count + 1, [(data,) for data in range(len(inputs))])

    def _normal(self, *shape: int) -> Tensor:
        """Of the watched map first those of the weights, then those of the labels' noise."""
        place, self.made = self.made // 2, self.made + 1
        found = torch.zeros(self.data, self.chains, *shape, dtype=torch.float64)
        size = math.prod(shape)
        if place == self.layer:
            flat = found.reshape(self.data, self.chains, size)
            flat[:, self.used : self.used + size] = torch.eye(size, dtype=torch.float64)
            self.used += size
        return found


@pytest.mark.parametrize("name", NETWORKS)
def test_every_map_is_drawn_from_its_conditional_law(name: str) -> None:
    """A draw is m + A n with n normal; unit vectors for n show A, whose A A^T is the covariance."""
    network, temperature, features = NETWORKS[name], 0.3, 3
    inputs, labels = drawn(2, 5, network.paths, features), drawn(2, 5, seed=1)
    variances = prior_variances(network)
    for layer, shape in enumerate(shapes(network, features)):
        count = math.prod(shape) + 5
        sampler = GivenNormals(inputs, network, temperature, layer, count)
        start = prior_weights(network, features, torch.Generator().manual_seed(2), (2, 1))
        weights = sampler.sweep([each.expand(-1, count + 1, -1, -1, -1) for each in start], labels[:, None])
        assert sampler.used == count
        for data in range(2):
            # Maps below the watched one are new, the same in every chain; those above are as at the start.
            given = [(weights if below < layer else start)[below][data, 0] for below in range(len(weights))]
            phi = features_of(given, layer, inputs[data])
            precision = (
                phi.mT @ phi / temperature + torch.eye(phi.shape[1], dtype=torch.float64) / variances[layer]
            )
            covariance = torch.linalg.inv(precision)
            draws = weights[layer][data].flatten(1)
            mean, response = draws[-1], draws[:-1] - draws[-1]
            torch.testing.assert_close(mean, covariance @ phi.mT @ labels[data] / temperature)
            torch.testing.assert_close(response.mT @ response, covariance, rtol=1e-9, atol=1e-10)


def test_without_data_the_prior_is_sampled() -> None:
    chains = gibbs(
        torch.zeros(0, 6, 3),
        torch.zeros(0),
        0.1,
        UNEQUAL,
        chains=50,
        warm_up=1,
        sweeps=400,
        names=[("test", 3)],
        test_inputs=drawn(2, 6, 3),
    )
    order = chains.order.flatten(0, 1).numpy()
    expected = 0.8 * 1.4 * 0.9 * np.eye(6)
    error = order.std(0) / len(order) ** 0.5
    assert (abs(order.mean(0) - expected) < 5 * error).all()
    readout = chains.readout.flatten().numpy()
    assert stats.kstest(readout * 2 / 0.9, "chi2", args=(2,)).pvalue > 1e-3
    f = chains.f.flatten(0, 1).numpy()
    variance = 1.2 * 0.8 * 1.4 * 0.9 * drawn(2, 6, 3).square().sum((1, 2)).numpy() / (6 * 3)
    assert (abs((f**2).mean(0) - variance) < 5 * (f**2).std(0) / len(f) ** 0.5).all()


@pytest.mark.parametrize("name", ["one layer", "unequal"])
def test_labels_drawn_anew_at_every_sweep_leave_the_prior(name: str) -> None:
    """Weights from the prior, then y given weights and weights given y in turn: the joint law stays."""
    network, temperature, count = NETWORKS[name], 0.2, 4000
    inputs, generator = drawn(1, 6, network.paths, 3), torch.Generator().manual_seed(4)
    sampler = BlockGibbs(inputs, temperature, network, count, [("joint",)])
    weights = start = sampler.start()
    for _ in range(5):
        noise = torch.randn(1, count, 6, generator=generator, dtype=torch.float64)
        weights = sampler.sweep(weights, sampler.outputs(weights) + temperature**0.5 * noise)
    fresh = prior_weights(network, 3, generator, (1, count))
    for statistic in (
        lambda each: order_parameter(each)[0].flatten(1),
        lambda each: order_parameter(each)[0].flatten(1).square(),
        lambda each: sampler.outputs(each)[0].square(),
        lambda each: torch.stack([one[0].square().flatten(1).sum(1) for one in each], dim=1),
    ):
        found, expected = statistic(weights), statistic(fresh)
        error = ((found.var(0) + expected.var(0)) / count).sqrt()
        assert bool(((found.mean(0) - expected.mean(0)).abs() < 5 * error).all())
    assert not torch.equal(weights[0], start[0])


def test_one_head_and_one_layer_match_quadrature() -> None:
    """With one path the posterior over (u, U) is two-dimensional, and is summed on a grid."""
    network, temperature = Network((1,), (4, 3), (1.5, 0.8, 1.2)), 0.2
    inputs, labels, tests = drawn(8, 1, 5), 2 * drawn(8, seed=1), drawn(3, 1, 5, seed=2)
    chains = gibbs(
        inputs,
        labels,
        temperature,
        network,
        chains=20,
        warm_up=100,
        sweeps=1500,
        names=[("test", 5)],
        test_inputs=tests,
    )
    logs = np.linspace(-9, 5, 421)
    chi = {dof: stats.chi2.pdf(np.exp(logs), dof) * np.exp(logs) for dof in (3, 4)}
    readouts = 1.2 * np.exp(logs) / 3
    x, new = inputs[:, 0].numpy(), tests[:, 0].numpy()
    values, basis = np.linalg.eigh(1.5 * x @ x.T / 5)
    across, targets = 1.5 * new @ x.T / 5 @ basis, basis.T @ labels.numpy()
    weight = np.zeros((len(logs), len(logs)))
    order = readouts[:, None] * 0.8 * np.exp(logs)[None] / 4
    spread = order[..., None] * values + temperature
    energy = np.log(spread).sum(-1) + (targets**2 / spread).sum(-1)
    weight = chi[3][:, None] * chi[4][None] * np.exp(-energy / 2)
    weight /= weight.sum()
    means = order[..., None] * ((targets / spread) @ across.T)
    own = 1.5 * (new**2).sum(1) / 5
    variances = order[..., None] * own - order[..., None] ** 2 * (1 / spread) @ (across.T**2)
    mean = (weight[..., None] * means).sum((0, 1))
    variance = (weight[..., None] * (variances + means**2)).sum((0, 1)) - mean**2
    expected = {
        "order": (chains.order[..., 0, 0], (weight * order).sum()),
        "readout": (chains.readout, (weight * readouts[:, None]).sum()),
        "f": (chains.f.permute(2, 0, 1), mean),
        "square": (chains.f.permute(2, 0, 1).square(), variance + mean**2),
    }
    for name, (draws, value) in expected.items():
        found = draws.numpy().mean(-1)  # of each chain, which are independent
        error = found.std(-1, ddof=1) / found.shape[-1] ** 0.5
        assert (abs(found.mean(-1) - value) < 5 * error).all(), name
        assert (error < 0.05 * abs(value) + 0.02).all(), name
    assert convergence(chains.f.permute(2, 0, 1).numpy()).converged().all()


def sampled(data: list[int], chains: int = 2, names: str = "alone", network: Network = UNEQUAL) -> Tensor:
    """Outputs of some of three data sets after a few sweeps."""
    return gibbs(
        drawn(3, 17, network.paths, 3)[data],
        drawn(3, 17, seed=1)[data],
        0.3,
        network,
        chains=chains,
        warm_up=10,
        sweeps=20,
        names=[(names, each) for each in data],
        test_inputs=drawn(3, 4, network.paths, 3, seed=2)[data],
    ).f


@pytest.mark.parametrize("name", NETWORKS)
def test_a_data_set_is_the_same_to_the_last_bit_whatever_others_share_the_batch(name: str) -> None:
    together = sampled([0, 1, 2], network=NETWORKS[name])
    assert together.shape == (3, 2, 20, 4)
    for data in ([0], [2], [1, 0], [2, 1]):
        assert torch.equal(sampled(data, network=NETWORKS[name]), together[data])


def test_the_names_decide_and_more_chains_leave_the_first_as_they_are() -> None:
    two = sampled([0, 1])
    torch.testing.assert_close(sampled([0, 1], chains=3)[:, :2], two, rtol=1e-9, atol=1e-9)
    assert not torch.isclose(sampled([0, 1], names="others"), two).any()
    assert not torch.isclose(two[:, 0], two[:, 1]).any()


def test_one_data_set_has_no_dimension_of_its_own() -> None:
    given = {"chains": 2, "warm_up": 10, "sweeps": 20, "names": [("alone", 1)]}
    inputs, labels = drawn(3, 17, 6, 3)[1], drawn(3, 17, seed=1)[1]
    one = gibbs(inputs, labels, 0.3, UNEQUAL, test_inputs=drawn(3, 4, 6, 3, seed=2)[1], **given)
    assert one.order.shape == (2, 20, 6, 6)
    assert torch.equal(one.f, sampled([1])[0])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"temperature": 0.0}, "temperature above 0, not 0.0"),
        ({"inputs": drawn(5, 4, 3)}, "path inputs of 6 paths"),
        ({"labels": drawn(4)}, "labels of shape"),
        ({"test_inputs": drawn(4, 6, 2)}, "test inputs have 6 paths of 3 features"),
        ({"labels": torch.full((5,), math.nan)}, "label of example 0 is not finite"),
        ({"labels": torch.ones(5)}, "all 5 labels are 1: the training examples need at least two classes"),
        ({"inputs": drawn(5, 6, 3) / 0}, "path input of example 0 of data set 0 is not finite"),
        ({"test_inputs": drawn(4, 6, 3) / 0}, "test input of example 0 of data set 0 is not finite"),
        ({"inputs": drawn(1, 6, 3).expand(5, 6, 3), "temperature": 1e-18}, "1e-18 .* singular in float64"),
        ({"temperature": 1e-18}, "at temperature 1e-18 the kernel of these 5 examples"),
        ({"sweeps": 10**12}, "would take 6.*e.05 GB of memory"),
        ({"names": [("a",), ("b",)]}, "1 data sets have a named random stream each, and 2 names"),
        ({"sweeps": 0}, "at least 1 chain and 1 sweep"),
        ({"network": Network((3, 2), (2.5, 2.5, 2.5))}, "whole widths alone, not at 2.5"),
    ],
)
def test_what_cannot_be_sampled_is_said(changed: dict, said: str) -> None:
    given = {
        "inputs": drawn(5, 6, 3),
        "labels": drawn(5),
        "temperature": 0.1,
        "network": UNEQUAL,
        "chains": 2,
        "warm_up": 0,
        "sweeps": 1,
        "names": [("refused",)],
        "test_inputs": drawn(4, 6, 3),
    }
    with pytest.raises(PosteriorError, match=said):
        gibbs(**(given | changed))
