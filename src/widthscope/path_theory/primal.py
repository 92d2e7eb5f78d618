r"""The energy through sums over examples: matrices of the size M = D N0 of an example, whatever P is.

With the rows of X (P, M) the path inputs of an example, R = X^T X, q = X^T y, c = sigma_0^2 / (D N0) and
U = Lambda Lambda^T, the kernel is K = c X (U (x) I) X^T, and with Z = Lambda (x) I

    B = T I + c Z^T R Z,   b = Z^T q,
    ln det(K + T I) = (P - M) ln T + ln det B,
    y^T (K + T I)^{-1} y = (y^T y - c b^T B^{-1} b) / T .

From (K + T I)^{-1} X Z = X Z B^{-1} follow, with tr_i the trace over features and v = B^{-1} b as (D, N0),

    E' = Lambda^{-T} ( N0 I - T tr_i(B^{-1}) - c v v^T ) Lambda^{-1},
    mean f(x) = c z . v,   var f(x) = c T z^T B^{-1} z,   z = Z^T x ,

in which nothing cancels. Needs T > 0. Cost M^3 a step instead of P^3, so it serves where M < P.
Source: derived in the theory notes, 3.4.
"""

import math

import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory.example_sums import ExampleSums
from widthscope.path_theory.kernels import FactoredKernels

_BLOCK = 1000


class PrimalKernels:
    """Kernels of examples that are known by their sums alone, for the labels they were summed with."""

    def __init__(self, sums: ExampleSums, variance: float = 1.0) -> None:
        self.examples, self.paths, self._features = sums.examples, sums.paths, sums.features
        self._sums = sums
        self._scale = variance / (sums.paths * sums.features)

    def kernel(self, U: Tensor) -> Tensor:
        """K(U) is not to be had of sums over examples.

        Raises:
            PosteriorError: always.
        """
        raise PosteriorError(_NO_EXAMPLES)

    def gradient(self, G: Tensor) -> Tensor:
        """A contraction over examples is not to be had of sums over them.

        Raises:
            PosteriorError: always.
        """
        raise PosteriorError(_NO_EXAMPLES)

    def energy_gradient(self, U: Tensor, labels: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """E(U), shape (...), and E' = dE/dU, shape (..., D, D), of U (..., D, D)."""
        mixing, factor = self._factored(U, temperature)
        b = self._mixed(mixing, labels)
        inverse = torch.cholesky_inverse(factor)
        solved = (inverse @ b.unsqueeze(-1)).squeeze(-1)
        value = self._value(factor, (b * solved).sum(-1), labels, temperature)
        shape = (*U.shape[:-2], self.paths, self._features)
        traced = inverse.reshape(*shape, *shape[-2:]).diagonal(dim1=-3, dim2=-1).sum(-1)
        weights = solved.reshape(shape)
        inner = self._features * torch.eye(self.paths, dtype=torch.float64) - temperature * traced
        inner = inner - self._scale * weights @ weights.mT
        # Lambda^{-T} (...) Lambda^{-1} by two triangular solves; the inner matrix is symmetric.
        half = torch.linalg.solve_triangular(mixing.mT, inner, upper=True)
        slope = torch.linalg.solve_triangular(mixing.mT, half.mT, upper=True)
        return value, 0.5 * (slope + slope.mT)

    def prediction(
        self, U: Tensor, labels: Tensor, temperature: float, test_inputs: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Mean and variance of f, each (..., tests), at test inputs (tests, D, N0)."""
        mixing, factor = self._factored(U, temperature)
        weights = torch.cholesky_solve(self._mixed(mixing, labels).unsqueeze(-1), factor)
        means, variances = [], []
        for part in torch.split(test_inputs.double(), _BLOCK):
            # (..., M, tests): every test example's inputs, mixed over the paths.
            mixed = (mixing.mT.unsqueeze(-3) @ part).flatten(-2).mT
            means.append(self._scale * (mixed * weights).sum(-2))
            left = torch.linalg.solve_triangular(factor, mixed, upper=False)
            variances.append(self._scale * temperature * left.square().sum(-2))
        return torch.cat(means, dim=-1), torch.cat(variances, dim=-1)

    def condition(self, U: Tensor, temperature: float) -> float:
        """Condition number of K(U) + T I, of one U (D, D)."""
        eigenvalues = torch.linalg.eigvalsh(self._matrix(self._mixing(U), temperature))
        smallest = temperature if self.examples > len(eigenvalues) else float(eigenvalues[0])
        return float(eigenvalues[-1]) / smallest if smallest > 0.0 else math.inf

    def _value(self, factor: Tensor, explained: Tensor, labels: Tensor, temperature: float) -> Tensor:
        logdet = 2.0 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        missing = (self.examples - factor.shape[-1]) * math.log(temperature)
        quadratic = (self._squared(labels) - self._scale * explained) / temperature
        return logdet + missing + quadratic

    def _squared(self, labels: Tensor) -> float:
        """y^T y."""
        return self._sums.squared_labels

    def _with_labels(self, labels: Tensor) -> Tensor:
        """q (M,)."""
        return self._sums.with_labels

    def _mixed(self, mixing: Tensor, labels: Tensor) -> Tensor:
        """b (..., M)."""
        q = self._with_labels(labels).view(self.paths, self._features)
        mixed: Tensor = (mixing.mT @ q).flatten(-2)
        return mixed

    def _mixing(self, U: Tensor) -> Tensor:
        """Lambda (..., D, D), the lower Cholesky factor of U."""
        mixing: Tensor
        mixing, failed = torch.linalg.cholesky_ex(U.double())
        if bool((failed != 0).any()):
            raise PosteriorError(
                f"order parameters of {self.paths} paths are not positive definite, which sums over examples "
                "need: take positive definite ones"
            )
        return mixing

    def _matrix(self, mixing: Tensor, temperature: float) -> Tensor:
        """B (..., M, M)."""
        paths, features = self.paths, self._features
        size = paths * features
        left = mixing.mT @ self._sums.products.view(paths, features * size)
        # (..., D, N0, D, N0): the second path index is mixed as the first was.
        right = mixing.mT.unsqueeze(-3) @ left.reshape(*mixing.shape[:-2], size, paths, features)
        B: Tensor = right.reshape(*mixing.shape[:-2], size, size).mul_(self._scale)
        B.diagonal(dim1=-2, dim2=-1).add_(temperature)
        return B

    def _factored(self, U: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
        """Lambda, and the lower Cholesky factor of B."""
        if not temperature > 0.0:
            raise PosteriorError(f"sums over examples need a temperature > 0, not {temperature!r}")
        mixing = self._mixing(U)
        factor, failed = torch.linalg.cholesky_ex(self._matrix(mixing, temperature))
        if bool((failed != 0).any()):
            raise PosteriorError(
                f"the sum over {self.examples} examples plus temperature {temperature:g} is not positive "
                "definite in float64: take a larger temperature"
            )
        return mixing, factor


_NO_EXAMPLES = (
    "only sums over the examples are kept, so there is no kernel between them: pose the problem with inputs "
    "that are in memory"
)


class PrimalInputs(PrimalKernels):
    """The same of path inputs (P, D, N0) that are in memory, so that labels may change and K(U) be formed."""

    def __init__(self, inputs: Tensor, variance: float = 1.0) -> None:
        sums = ExampleSums(*inputs.shape[1:])
        for part in torch.split(inputs, _BLOCK):
            sums.add(part, torch.zeros(len(part)))
        super().__init__(sums, variance)
        self._inputs, self._variance = inputs.double(), variance

    def kernel(self, U: Tensor) -> Tensor:
        """K(U), (..., P, P), of U (..., D, D)."""
        return self._factored_kernels().kernel(U)

    def gradient(self, G: Tensor) -> Tensor:
        """Contraction of G (..., P, P) with all path-path kernels, (..., D, D)."""
        return self._factored_kernels().gradient(G)

    def _factored_kernels(self) -> FactoredKernels:
        return FactoredKernels(self._inputs, self._variance)

    def _squared(self, labels: Tensor) -> float:
        return float(labels @ labels)

    def _with_labels(self, labels: Tensor) -> Tensor:
        return self._inputs.flatten(1).mT @ labels
