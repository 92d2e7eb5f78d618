"""A regression posed to the network: path inputs, labels, temperature, network; everything checked once."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.given_numbers import Numbers, as_tensor
from widthscope.path_theory.kernels import Kernels, factored_bytes, kernels_of
from widthscope.path_theory.memory_limit import refuse_too_large
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process

_SMALLEST_PIVOT = 1e-13  # of a correlation matrix; below, float64 cannot tell it from a singular one

ALL_ZERO = "the path inputs of all examples are 0: nothing of the tokens reaches the readout"


@dataclass(frozen=True)
class Problem:
    """Path inputs (P, D, N0), labels (P,), temperature, network and the kernels of the inputs, in float64."""

    inputs: Tensor
    labels: Tensor
    temperature: float
    network: Network
    kernels: Kernels

    @property
    def examples(self) -> int:
        """Number of training examples, P."""
        return len(self.labels)

    def at(self, *, network: Network | None = None, temperature: float | None = None) -> "Problem":
        """The same examples and kernels with other widths, variances of the upper layers or temperature.

        Raises:
            PosteriorError: if the kernels would differ (other heads or another input variance), or the
                temperature is not allowed.
        """
        other = self.network if network is None else network
        if (other.heads, other.input_variance) != (self.network.heads, self.network.input_variance):
            raise PosteriorError(
                f"kernels of heads {self.network.heads} and sigma_0^2 = {self.network.input_variance} do not "
                f"serve heads {other.heads} and sigma_0^2 = {other.input_variance}"
            )
        changed = replace(
            self, network=other, temperature=self.temperature if temperature is None else float(temperature)
        )
        _check_temperature(changed)
        return changed


def problem(
    inputs: Numbers, labels: Numbers, temperature: float, network: Network, kernels: Kernels | None = None
) -> Problem:
    """The checked problem; inputs and labels are taken to float64, kernels left out are built.

    Args:
        inputs: path inputs (P, D, N0), the layer-1 head slowest.
        labels: regression targets (P,), any real numbers; two classes are best -1 and +1.
        temperature: variance of the posterior's noise on the labels; 0 demands a positive definite kernel.
        network: heads (whose product is D), widths, prior variances.
        kernels: of these very inputs and sigma_0^2, for example shared by several problems.

    Raises:
        PosteriorError: if a shape does not fit, a number is not finite, all labels are equal or all inputs
            0, the temperature is negative, or it is 0 and the kernel is not positive definite; and, before
            anything is allocated, if the kernels would not fit in memory.
    """
    given = as_tensor(inputs, "path inputs", "`streaming.streamed_problem` takes one")
    targets = as_tensor(labels, "labels")
    check_shapes(given, targets, network)
    if kernels is None:
        refuse_too_large(
            f"kernels of {network.paths} attention paths and {len(given)} examples",
            factored_bytes(tuple(given.shape)),
            "take fewer heads, layers or examples",
        )
    xi, y = given.detach().double(), targets.detach().double()
    _check_numbers(xi, y)
    if not (math.isfinite(temperature) and temperature >= 0.0):
        raise PosteriorError(f"the temperature is finite and not negative, not {temperature!r}")
    if not bool(xi.any()):
        raise PosteriorError(ALL_ZERO)
    built = kernels_of(xi, network.input_variance) if kernels is None else kernels
    if (built.examples, built.paths) != xi.shape[:2]:
        raise PosteriorError(
            f"the kernels are of {built.examples} examples and {built.paths} paths, the inputs of "
            f"{xi.shape[0]} and {xi.shape[1]}"
        )
    posed = Problem(xi, y, float(temperature), network, built)
    _check_temperature(posed)
    return posed


def check_shapes(inputs: Tensor, labels: Tensor, network: Network) -> None:
    """Refuse inputs, labels and a network that do not fit together; only shapes are looked at.

    Raises:
        PosteriorError: if they do not.
    """
    if inputs.dim() != 3 or 0 in inputs.shape:
        raise PosteriorError(f"path inputs have shape (P, D, N0), none of them 0, not {tuple(inputs.shape)}")
    if inputs.shape[1] != network.paths:
        raise PosteriorError(
            f"heads {network.heads} make {network.paths} attention paths, the inputs have {inputs.shape[1]}"
        )
    if tuple(labels.shape) != (len(inputs),):
        raise PosteriorError(
            f"{len(inputs)} examples need labels of shape ({len(inputs)},), not {tuple(labels.shape)}"
        )


def _check_numbers(inputs: Tensor, labels: Tensor) -> None:
    finite = torch.isfinite(inputs).flatten(1).all(1)
    if not bool(finite.all()):
        raise PosteriorError(f"the path inputs of example {int((~finite).nonzero()[0])} are not all finite")
    check_labels(labels)


def check_labels(labels: Tensor) -> None:
    """Refuse labels (P,) that are not finite or all the same.

    Raises:
        PosteriorError: if they are.
    """
    if not bool(torch.isfinite(labels).all()):
        raise PosteriorError(
            f"the label of example {int((~torch.isfinite(labels)).nonzero()[0])} is not finite"
        )
    if bool((labels == labels[0]).all()):
        raise PosteriorError(
            f"all {len(labels)} labels are {float(labels[0]):g}: the training examples need at "
            "least two classes"
        )


def _check_temperature(posed: Problem) -> None:
    """Refuse a negative temperature, and 0 where the kernel at the infinite-width point is singular.

    The null space of K(U) is the same for every positive definite U, so one U decides.
    """
    if not (math.isfinite(posed.temperature) and posed.temperature >= 0.0):
        raise PosteriorError(f"the temperature is finite and not negative, not {posed.temperature!r}")
    if posed.temperature > 0.0:
        return
    rank = posed.inputs.shape[1] * posed.inputs.shape[2]
    if posed.examples > rank:
        raise PosteriorError(
            f"temperature 0 needs a positive definite kernel, and {posed.examples} examples are more than "
            f"its largest rank N0 D = {rank}: take a temperature > 0 or fewer examples"
        )
    first, second = _duplicates(posed.inputs)
    if first != second:
        raise PosteriorError(
            f"temperature 0 needs a positive definite kernel, and examples {first} and {second} have the "
            "same path inputs: take a temperature > 0 or remove one"
        )
    K = posed.kernels.kernel(gaussian_process(posed.network).path_weights)
    scale = K.diagonal().sqrt()
    factor, failed = torch.linalg.cholesky_ex(K / (scale[:, None] * scale))
    if int(failed) or float(factor.diagonal().min()) ** 2 < _SMALLEST_PIVOT * posed.examples:
        raise PosteriorError(
            "temperature 0 needs a positive definite kernel, and that of these examples is singular in "
            "float64: take a temperature > 0 or examples that do not depend linearly on each other"
        )


def _duplicates(inputs: Tensor) -> tuple[int, int]:
    """Two examples with the same path inputs, or (0, 0)."""
    _, group, counts = torch.unique(inputs.flatten(1), dim=0, return_inverse=True, return_counts=True)
    repeated = (counts > 1).nonzero()
    if not len(repeated):
        return 0, 0
    members = (group == repeated[0]).nonzero().flatten()
    return int(members[0]), int(members[1])
