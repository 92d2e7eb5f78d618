"""The last few batches' rows, in a state that a run can be resumed from."""

from dataclasses import dataclass

from torch import Tensor

from widthscope.ensembles.optimisers import State


@dataclass(frozen=True)
class Window:
    """Keeps the rows of the last `length` batches in rings, where length > 1.

    Attributes:
        length: number of batches, the newest included.
    """

    length: int

    def start(self) -> State:
        """Empty rings; they are made at the first batch, whose size is not known before."""
        return {"rings": {}} if self.length > 1 else {}

    def add(self, state: State, name: str, rows: Tensor, step: int) -> list[Tensor]:
        """Put step's rows (member, K, n) into the ring of this name.

        Steps must come one by one from 0, which a resumed run goes on with.

        Returns:
            the rows of the last batches, newest first, as many as there have been up to `length`.
        """
        if self.length == 1:
            return [rows]
        rings = state["rings"]
        if name not in rings:
            rings[name] = rows.new_zeros(self.length, *rows.shape).movedim(0, 1).contiguous()
        ring = rings[name]
        ring[:, step % self.length] = rows
        count = min(step + 1, self.length)
        return [ring[:, (step - back) % self.length] for back in range(count)]
