"""Block Gibbs over all weights: every map of the network is drawn whole from its law given the other maps.

Outputs are linear in each map given the others, f = Phi theta, so that its conditional law is normal and
Matheron's rule draws from it exactly with one P x P solve,

    theta = theta_0 + s Phi^T (s Phi Phi^T + T I)^{-1} (y - Phi theta_0 - e),

theta_0 ~ N(0, s I) and e ~ N(0, T I), s being the map's prior variance and T the temperature. Nothing is
tuned and nothing is rejected. All chains of all data sets move together, each on a random stream of its own,
so that none depends on the others. Outputs mix within a few sweeps; the order parameter mixes slowly at low
temperature, where given V^0 the data leave W little freedom.

Source: derived in the theory notes, 3.6.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import check_labels
from widthscope.posteriors.weights.forward import (
    Weights,
    effective_weights,
    order_parameter,
    path_vectors,
    prior_variances,
    shapes,
)
from widthscope.posteriors.weights.memory import sampling_bytes
from widthscope.streams import Name, torch_generator

_SMALLEST_PIVOT = 1e-13  # an example's, over its variance; below, float64 cannot tell it from 0


@dataclass(frozen=True)
class Chains:
    """Draws of several chains for each data set; the dimension `data` is absent if one set was given.

    Attributes:
        f: outputs at the test inputs, without the noise of the labels, (data, chain, draw, test).
        order: order parameter U = W W^T / N_1 of the weights, (data, chain, draw, D, D).
        readout: u = |a|^2 / N_a, (data, chain, draw).
    """

    f: Tensor
    order: Tensor
    readout: Tensor


class BlockGibbs:
    """The posterior of several data sets of one size, and the sweep that leaves it as it is.

    Args:
        inputs: path inputs (data, P, D, N0).
        temperature: T > 0, the variance of the labels' noise.
        network: heads, widths and prior variances.
        chains: chains for each data set.
        names: of every data set's random stream; each of its chains has one of its own, by number.

    Raises:
        PosteriorError: if the temperature is not positive, a width no whole number, an input not finite, or
            the shapes do not fit.
    """

    def __init__(
        self,
        inputs: Tensor,
        temperature: float,
        network: Network,
        chains: int,
        names: Sequence[tuple[Name, ...]],
    ) -> None:
        _check(inputs, temperature, network, len(names))
        self.temperature, self.network = float(temperature), network
        self.data, self.examples, self.paths, self.features = inputs.shape
        self.chains = chains
        flat = inputs.double().flatten(2)
        self._rows = flat  # (data, P, D N0)
        by_path = inputs.double().transpose(1, 2)
        # N0 C_{pi pi'}(mu, nu) of all pairs, (data, D D, P P): the kernel of V^0 is then one product a sweep.
        pairs = torch.einsum("kami,kbni->kabmn", by_path, by_path)
        self._pairs = pairs.reshape(self.data, self.paths**2, self.examples**2)
        maps = shapes(network, self.features)
        entries = sum(math.prod(shape) + self.examples for shape in maps)
        self._normals = torch.empty(self.data, chains, entries, dtype=torch.float64)
        self._streams = [
            (place, torch_generator(*named, "chain", chain))
            for named, of_data in zip(names, self._normals, strict=True)
            for chain, place in enumerate(of_data)
        ]
        self._used = 0

    def start(self) -> Weights:
        """Weights from the prior, (data, chain, H, rows, columns): far apart, so that R-hat can tell."""
        self._draw()
        variances = prior_variances(self.network)
        maps = zip(shapes(self.network, self.features), variances, strict=True)
        return [math.sqrt(variance) * self._normal(*shape) for shape, variance in maps]

    def outputs(self, weights: Weights) -> Tensor:
        """f at the examples, (data, chain, P)."""
        return path_vectors(weights).flatten(-2) @ self._rows.mT

    def sweep(self, weights: Weights, labels: Tensor) -> Weights:
        """Every map drawn once from its conditional law, from the input upwards.

        Args:
            weights: (data, chain, H, rows, columns) each.
            labels: (data, chain or 1, P).
        """
        self._draw()
        above = [*effective_weights(weights), weights[0].new_ones(self.data, self.chains, 1, 1)]
        variances = prior_variances(self.network)
        drawn = [self._first(above[0], labels, variances[0])]
        hidden = self._hidden(drawn[0])
        for layer, variance in enumerate(variances[1:], start=1):
            heads = weights[layer].shape[2]
            new = self._later(hidden, heads, above[layer], labels, variance)
            drawn.append(new)
            if layer < len(variances) - 1:
                hidden = _next_hidden(hidden, new)
        return drawn

    def _first(self, above: Tensor, labels: Tensor, variance: float) -> Tensor:
        """V^0 given W^{(1)} (data, chain, D, N_1); features w_pi xi_pi / sqrt(D N_1 N0)."""
        paths, width = above.shape[2:]
        scale = 1 / math.sqrt(paths * width * self.features)
        prior = math.sqrt(variance) * self._normal(width, self.features)
        overlaps = (above @ above.mT).flatten(2)
        kernel = (overlaps @ self._pairs).reshape(self.data, self.chains, self.examples, self.examples)
        outputs = scale * (above @ prior).flatten(2) @ self._rows.mT
        weights = self._weights_of_residual(variance * scale**2 * kernel, labels, outputs)
        moved = (weights @ self._rows).reshape(self.data, self.chains, paths, self.features)
        return (prior + variance * scale * above.mT @ moved).unsqueeze(2)

    def _later(self, hidden: Tensor, heads: int, above: Tensor, labels: Tensor, variance: float) -> Tensor:
        """V^l or a, given what is below, hidden (..., P, H R, N), and what is above, (..., R, rows)."""
        rest, rows = above.shape[2:]
        width = hidden.shape[-1]
        scale = 1 / math.sqrt(heads * rest * width * rows)
        prior = math.sqrt(variance) * self._normal(heads, rows, width)
        flat = hidden.flatten(3)
        overlaps = above @ above.mT
        by_head = hidden.reshape(*hidden.shape[:3], heads, rest, width)
        mixed = (overlaps[:, :, None, None] @ by_head).flatten(3) if rest > 1 else overlaps * flat
        kernel = mixed @ flat.mT
        effective = (above.unsqueeze(2) @ prior).flatten(2)
        outputs = scale * (flat @ effective.unsqueeze(-1)).squeeze(-1)
        weights = self._weights_of_residual(variance * scale**2 * kernel, labels, outputs)
        moved = (weights.unsqueeze(2) @ flat).reshape(self.data, self.chains, heads, rest, width)
        return prior + variance * scale * above.mT.unsqueeze(2) @ moved

    def _weights_of_residual(self, kernel: Tensor, labels: Tensor, outputs: Tensor) -> Tensor:
        """(kernel + T I)^{-1} (y - Phi theta_0 - e), (data, chain, P)."""
        own = kernel.diagonal(dim1=-2, dim2=-1).add_(self.temperature)
        residual = labels - outputs - math.sqrt(self.temperature) * self._normal(self.examples)
        factor, failed = torch.linalg.cholesky_ex(kernel)
        pivots = factor.diagonal(dim1=-2, dim2=-1).square() / own
        if bool(failed.any()) or (self.examples and float(pivots.min()) < _SMALLEST_PIVOT * self.examples):
            raise PosteriorError(
                f"at temperature {self.temperature:g} the kernel of these {self.examples} examples, given "
                "all maps but one, is singular in float64: take a higher temperature, or fewer examples"
            )
        return torch.cholesky_solve(residual.unsqueeze(-1), factor).squeeze(-1)

    def _hidden(self, first: Tensor) -> Tensor:
        """z^0 = V^0 xi / sqrt(N0) of every path, (data, chain, P, D, N_1)."""
        width = first.shape[3]
        inputs = self._rows.reshape(self.data, self.examples * self.paths, self.features)
        maps = first.reshape(self.data, self.chains * width, self.features)
        found = (inputs @ maps.mT) / math.sqrt(self.features)
        found = found.reshape(self.data, self.examples, self.paths, self.chains, width)
        return found.permute(0, 3, 1, 2, 4).contiguous()

    def _draw(self) -> None:
        """The normals of a whole sweep, chain by chain."""
        for place, generator in self._streams:
            place.normal_(generator=generator)
        self._used = 0

    def _normal(self, *shape: int) -> Tensor:
        """The next of them, (data, chain, ...), to be used before the next sweep."""
        first, self._used = self._used, self._used + math.prod(shape)
        return self._normals[..., first : self._used].reshape(self.data, self.chains, *shape)


def _next_hidden(hidden: Tensor, values: Tensor) -> Tensor:
    """z^l (..., P, R, N_{l+1}) of z^{l-1} (..., P, H R, N_l), summed over the layer's heads."""
    heads, rows, width = values.shape[2:]
    examples, both = hidden.shape[2:4]
    rest = both // heads
    batch = hidden.shape[:2]
    by_rest = hidden.reshape(*batch, examples, heads, rest, width).transpose(3, 4)
    joined = values.transpose(3, 4).reshape(*batch, heads * width, rows)
    found = by_rest.reshape(*batch, examples * rest, heads * width) @ joined / math.sqrt(heads * width)
    return found.reshape(*batch, examples, rest, rows)


def gibbs(
    inputs: Tensor,
    labels: Tensor,
    temperature: float,
    network: Network,
    *,
    chains: int,
    warm_up: int,
    sweeps: int,
    names: Sequence[tuple[Name, ...]],
    test_inputs: Tensor,
) -> Chains:
    """Sample the posterior over all weights, every chain started from the prior.

    Args:
        inputs: path inputs (P, D, N0), or (data, P, D, N0) for several data sets at once.
        labels: (P,) or (data, P).
        temperature: T > 0.
        network: heads, widths and prior variances.
        chains: for each data set; 2 at least, or nothing tells whether they agree.
        warm_up: sweeps that are thrown away.
        sweeps: sweeps whose weights count.
        names: of every data set's random stream, one for a single set. A data set's draws depend on no other
            set and on no other set's place; on one thread they are the same to the last bit.
        test_inputs: (tests, D, N0) or (data, tests, D, N0).

    Raises:
        PosteriorError: as `BlockGibbs`, or if labels, test inputs or counts do not fit, a data set's labels
            are all equal, what is kept would not fit in memory, or the temperature is so low that a
            conditional law cannot be drawn from in float64.
    """
    single = inputs.dim() == 3
    if single:
        inputs, labels, test_inputs = inputs[None], labels[None], test_inputs[None]
    _check(inputs, temperature, network, len(names))
    _check_data(inputs, labels, test_inputs, (chains, warm_up, sweeps))
    refuse_too_large(
        f"{sweeps} sweeps of {chains} chains on {len(inputs)} data sets of {inputs.shape[1]} examples",
        sampling_bytes(network, tuple(inputs.shape), test_inputs.shape[1], chains, sweeps),
        "take fewer data sets at a time, chains or sweeps",
    )
    sampler = BlockGibbs(inputs, temperature, network, chains, names)
    targets = labels.double()[:, None]
    tests = test_inputs.double().flatten(2).mT
    weights = sampler.start()
    for _ in range(warm_up):
        weights = sampler.sweep(weights, targets)
    shape = (sampler.data, chains, sweeps)
    f = torch.empty(*shape, tests.shape[-1], dtype=torch.float64)
    order = torch.empty(*shape, network.paths, network.paths, dtype=torch.float64)
    readout = torch.empty(*shape, dtype=torch.float64)
    for place in range(sweeps):
        weights = sampler.sweep(weights, targets)
        f[:, :, place] = path_vectors(weights).flatten(-2) @ tests
        order[:, :, place] = order_parameter(weights)
        readout[:, :, place] = weights[-1].square().mean((-3, -2, -1))
    found = (f, order, readout)
    return Chains(*(each[0] for each in found)) if single else Chains(*found)


def _check(inputs: Tensor, temperature: float, network: Network, names: int) -> None:
    if not (math.isfinite(temperature) and temperature > 0):
        raise PosteriorError(f"Gibbs sampling needs a temperature above 0, not {temperature}")
    if inputs.dim() != 4 or inputs.shape[2] != network.paths:
        raise PosteriorError(
            f"path inputs of {network.paths} paths have shape (data, P, {network.paths}, N0), "
            f"not {tuple(inputs.shape)}"
        )
    for width in network.widths:
        if width != int(width):
            raise PosteriorError(f"weights can be sampled at whole widths alone, not at {width}")
    if names != len(inputs):
        raise PosteriorError(
            f"{len(inputs)} data sets have a named random stream each, and {names} names were given"
        )
    _check_finite("path input", inputs)


def _check_data(inputs: Tensor, labels: Tensor, test_inputs: Tensor, counts: tuple[int, int, int]) -> None:
    data, examples, paths, features = inputs.shape
    if labels.shape != (data, examples):
        raise PosteriorError(
            f"{data} data sets of {examples} examples have labels of shape ({data}, {examples}), "
            f"not {tuple(labels.shape)}"
        )
    if test_inputs.dim() != 4 or (test_inputs.shape[0], *test_inputs.shape[2:]) != (data, paths, features):
        raise PosteriorError(
            f"test inputs have {paths} paths of {features} features, as those to learn from, "
            f"not shape {tuple(test_inputs.shape)}"
        )
    chains, warm_up, sweeps = counts
    if chains < 1 or warm_up < 0 or sweeps < 1:
        raise PosteriorError(
            f"Gibbs sampling needs at least 1 chain and 1 sweep, and no negative warm-up, "
            f"not {chains}, {sweeps} and {warm_up}"
        )
    _check_finite("test input", test_inputs)
    for of_one_set in labels if examples else ():
        check_labels(of_one_set)


def _check_finite(what: str, values: Tensor) -> None:
    finite = torch.isfinite(values).flatten(2).all(2)
    if not bool(finite.all()):
        data, example = (~finite).nonzero()[0].tolist()
        raise PosteriorError(f"the {what} of example {example} of data set {data} is not finite")
