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

from widthscope.errors import WidthscopeError

Matrix = np.ndarray[Any, np.dtype[np.float64]]


class AlignmentError(WidthscopeError):
    """Features that have no alignment: of other examples, the same for all, not finite, or no table."""


def linear_cka(first: ArrayLike, second: ArrayLike) -> float:
    """CKA of features (n, d1) and (n, d2), in float64.

    Args:
        first: an array, or a tensor of any device and dtype; where one has a gradient, it is left behind.
        second: likewise; of the same examples in the same order.

    Raises:
        AlignmentError: if this is no table, the numbers of examples differ, one side does not vary over the
            examples, or an entry is not finite.
    """
    return Centred.of(first).cka(Centred.of(second))


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
        """From features (n, d), in whichever form has the smaller matrix.

        Entries that are not finite are taken, and are refused where they are compared.

        Raises:
            AlignmentError: if this is no table of at least one example.
        """
        if hasattr(features, "detach"):  # a tensor, which numpy takes only without a gradient and on a CPU
            features = features.detach().double().cpu().numpy()
        table = np.asarray(features, dtype=np.float64)
        if table.ndim != 2 or not len(table):
            raise AlignmentError(f"features need a shape (n, d) with n of at least 1, not {table.shape}")
        centred = table - table.mean(axis=0)
        gram = centred.T @ centred if centred.shape[1] < len(centred) else centred @ centred.T
        return cls(centred, float(np.linalg.norm(gram)))

    def cka(self, other: "Centred") -> float:
        """CKA with other features of the same examples.

        Raises:
            AlignmentError: as `linear_cka`.
        """
        if len(self.features) != len(other.features):
            raise AlignmentError(f"{len(self.features)} examples are compared with {len(other.features)}")
        if not (np.isfinite(self.norm) and np.isfinite(other.norm)):
            raise AlignmentError(
                "features to be compared must be finite, and one side has a NaN, an infinity, or numbers too "
                "large to square"
            )
        if self.norm <= 0 or other.norm <= 0:
            raise AlignmentError(
                "features that are the same for all examples are like nothing: one side is constant"
            )
        cross = float(np.sum((self.features.T @ other.features) ** 2))
        return cross / (self.norm * other.norm)
