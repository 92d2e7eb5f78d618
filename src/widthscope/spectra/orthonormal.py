"""Orthonormal vectors that grow one by one, for many states at once.

Rounding would let Krylov vectors lose their orthogonality and show eigenvalues again that were found before:
each new vector is orthogonalised against all others, twice (Giraud et al. 2005, "twice is enough").
"""

import torch
from torch import Tensor

_NEGLIGIBLE = 16.0  # times eps sqrt(n): what remains of a vector that lies in the span of the others


class Orthonormal:
    """For each of `batch` states an orthonormal set of the same size, (batch, size, n).

    Args:
        batch: number of states.
        n: length of a vector, the most a set can hold.
        capacity: vectors that there is room for.
        dtype: float64 or complex128.
    """

    def __init__(
        self, batch: int, n: int, capacity: int, dtype: torch.dtype, device: torch.device | str
    ) -> None:
        self._room = torch.zeros(batch, min(capacity, n), n, dtype=dtype, device=device)
        self._generator = torch.Generator(device="cpu").manual_seed(0)
        self.size = 0

    @property
    def vectors(self) -> Tensor:
        """The vectors so far, (batch, size, n)."""
        return self._room[:, : self.size]

    @property
    def full(self) -> bool:
        """Whether there is room for no more."""
        return self.size == self._room.shape[1]

    def extend(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        """Split a vector (batch, n) into its part in the span and the rest; the rest, normalised, joins.

        Where nothing is left, the span is invariant; a new random direction joins, so that what lies outside
        (another copy of a repeated eigenvalue, say) can still be found.

        Returns:
            coefficients (batch, size before), of the vectors so far, and the length of the rest (batch,), 0
            where nothing is left.
        """
        before = vector.norm(dim=-1)
        coefficients, rest = self._split(vector)
        length = rest.norm(dim=-1)
        n = vector.shape[-1]
        if self.size == n:
            return coefficients, torch.zeros_like(length)
        gone = length <= _NEGLIGIBLE * torch.finfo(length.dtype).eps * n**0.5 * before  # never of NaN
        length = torch.where(gone, 0.0, length)
        if gone.any():
            rest = torch.where(gone[:, None], self._outside(vector, gone), rest)
        if not self.full:
            self._room[:, self.size] = rest / rest.norm(dim=-1, keepdim=True)
            self.size += 1
        return coefficients, length

    def turn(self, rotation: Tensor) -> None:
        """Replace the vectors by fewer combinations of them: orthonormal columns (batch, size, fewer)."""
        room = torch.zeros_like(self._room, dtype=rotation.dtype)
        self.size, former = rotation.shape[-1], self.vectors
        room[:, : self.size] = rotation.mT @ former.to(rotation.dtype)
        self._room = room

    def _outside(self, like: Tensor, wanted: Tensor) -> Tensor:
        """A random direction orthogonal to the vectors so far, (batch, n), of the states (batch,) wanted."""
        while True:
            drawn = torch.randn(like.shape[-1], generator=self._generator, dtype=torch.float64)
            _, rest = self._split(drawn.to(like).expand_as(like))
            # A start vector may have been drawn from the same seed: then this one lies in the span.
            if (rest.norm(dim=-1) > 1e-6 * drawn.norm())[wanted].all():
                return rest

    def _split(self, vector: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros(*self.vectors.shape[:2], dtype=vector.dtype, device=vector.device)
        for _ in range(2):
            part = (self.vectors.conj() @ vector[..., None])[..., 0]
            vector = vector - (part[:, None] @ self.vectors)[:, 0]
            total = total + part
        return total, vector
