r"""Linear centred kernel alignment: how alike two sets of features of the same examples are.

With columns of A (n, d1) and B (n, d2) centred,

    CKA = |A^T B|_F^2 / (|A^T A|_F |B^T B|_F) = <A A^T, B B^T> / (|A A^T|_F |B B^T|_F) ,

in [0, 1]; 1 for features equal up to a rotation and a scale. It rises with d / n even for unrelated features:
compare at equal sizes (Kornblith et al., arXiv:1905.00414; docs/theory/pk_mixer.md, 3.5).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

Matrix = np.ndarray[Any, np.dtype[np.float64]]


def linear_cka(first: ArrayLike, second: ArrayLike) -> float:
    """CKA of features (n, d1) and (n, d2) in whichever form has the smaller matrices, in float64.

    Raises:
        ValueError: if the numbers of examples differ, or one side does not vary over the examples.
    """
    a, b = _pair(first, second)
    return _feature_form(a, b) if max(a.shape[1], b.shape[1]) < len(a) else _gram_form(a, b)


def feature_cka(first: ArrayLike, second: ArrayLike) -> float:
    """CKA by matrices of features, (d1, d2); errors as in `linear_cka`."""
    return _feature_form(*_pair(first, second))


def gram_cka(first: ArrayLike, second: ArrayLike) -> float:
    """CKA by matrices of examples, (n, n); errors as in `linear_cka`."""
    return _gram_form(*_pair(first, second))


@dataclass(frozen=True)
class Centred:
    """Features that are compared with several others: centred once, and their own norm taken once.

    Attributes:
        features: (n, d), each column of mean 0.
        norm: |A^T A|_F.
    """

    features: Matrix
    norm: float

    @classmethod
    def of(cls, features: ArrayLike) -> "Centred":
        """From features (n, d); errors as in `linear_cka`."""
        centred, _ = _pair(features, features)
        gram = centred.T @ centred if centred.shape[1] < len(centred) else centred @ centred.T
        return cls(centred, float(np.linalg.norm(gram)))

    def cka(self, other: "Centred") -> float:
        """CKA with other features of the same examples, as `feature_cka`."""
        if len(self.features) != len(other.features):
            raise ValueError(f"{len(self.features)} examples are compared with {len(other.features)}")
        cross = float(np.sum((self.features.T @ other.features) ** 2))
        return _ratio(cross, self.norm, other.norm)


@dataclass
class FeatureSums:
    """Sums over examples from which CKA follows: for more examples than fit in memory, a chunk at a time.

    Sums are taken about the first chunk's means, which keeps large common means from cancelling digits.

    Attributes:
        count: examples so far.
    """

    count: int = 0

    def add(self, first: ArrayLike, second: ArrayLike) -> None:
        """Take in a chunk of features (k, d1) and (k, d2).

        Raises:
            ValueError: if the numbers of examples differ, or those of features change.
        """
        a, b = _tables(first, second)
        both = np.concatenate([a, b], axis=1)
        if not self.count:
            self._split, self._about = a.shape[1], both.mean(axis=0)
            self._sum = np.zeros(both.shape[1])
            self._products = np.zeros((both.shape[1], both.shape[1]))
        elif a.shape[1] != self._split or both.shape[1] != len(self._about):
            known = (self._split, len(self._about) - self._split)
            raise ValueError(f"a chunk has {a.shape[1]} and {b.shape[1]} features, the first had {known}")
        both = both - self._about
        self.count += len(both)
        self._sum += both.sum(axis=0)
        self._products += both.T @ both

    def cka(self) -> float:
        """CKA of all that was added; errors as in `linear_cka`, and if nothing was."""
        if not self.count:
            raise ValueError("no features were added")
        products = self._products - np.outer(self._sum, self._sum) / self.count
        split = self._split
        own = [np.linalg.norm(products[:split, :split]), np.linalg.norm(products[split:, split:])]
        return _ratio(float(np.sum(products[:split, split:] ** 2)), float(own[0]), float(own[1]))


def _feature_form(a: Matrix, b: Matrix) -> float:
    cross = float(np.sum((a.T @ b) ** 2))
    return _ratio(cross, float(np.linalg.norm(a.T @ a)), float(np.linalg.norm(b.T @ b)))


def _gram_form(a: Matrix, b: Matrix) -> float:
    grams = a @ a.T, b @ b.T
    own = [float(np.linalg.norm(gram)) for gram in grams]
    return _ratio(float(np.sum(grams[0] * grams[1])), *own)


def _ratio(cross: float, first: float, second: float) -> float:
    if first <= 0 or second <= 0:
        raise ValueError("features that are the same for all examples are like nothing: one side is constant")
    return cross / (first * second)


def _pair(first: ArrayLike, second: ArrayLike) -> tuple[Matrix, Matrix]:
    """Both sides, centred."""
    a, b = _tables(first, second)
    return a - a.mean(axis=0), b - b.mean(axis=0)


def _tables(first: ArrayLike, second: ArrayLike) -> tuple[Matrix, Matrix]:
    a, b = (np.asarray(side, dtype=np.float64) for side in (first, second))
    if a.ndim != 2 or b.ndim != 2 or len(a) != len(b) or not len(a):
        raise ValueError(
            f"features need shapes (n, d1) and (n, d2) with one n of at least 1, not {a.shape} and {b.shape}"
        )
    return a, b
