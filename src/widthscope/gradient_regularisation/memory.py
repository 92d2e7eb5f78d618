"""Memory that reverse mode keeps for the way back: the tensors that autograd saves, each storage once."""

from types import TracebackType
from typing import Self

from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks


class SavedBytes:
    """Bytes that autograd keeps within, at each time and at most::

        with SavedBytes() as kept:
            step(parameters, state, batch, 0)
        kept.most

    A storage counts from when the first graph saves a tensor of it until the last one lets go, and once,
    however many tensors share it. So two graphs after each other take the larger of the two, and a graph of a
    graph both. Parameters count where a graph needs them, though they would be there anyhow.

    Attributes:
        now: bytes that are kept.
        most: the largest `now` so far.
    """

    def __init__(self) -> None:
        self.now = 0
        self.most = 0
        self._holders: dict[int, int] = {}
        self._hooks = saved_tensors_hooks(self._save, _restore)

    def __enter__(self) -> Self:
        self._hooks.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._hooks.__exit__(kind, error, trace)

    def _save(self, tensor: Tensor) -> "_Kept":
        storage = tensor.untyped_storage()
        place = storage._cdata
        if place not in self._holders:
            self._holders[place] = 0
            self.now += storage.nbytes()
            self.most = max(self.most, self.now)
        self._holders[place] += 1
        return _Kept(tensor, self)

    def _let_go(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        place = storage._cdata
        self._holders[place] -= 1
        if not self._holders[place]:
            del self._holders[place]
            self.now -= storage.nbytes()


class _Kept:
    """A saved tensor, which the graph holds; its storage lives as long.

    Detached: a graph that held its own output would never be freed.
    """

    def __init__(self, tensor: Tensor, ledger: SavedBytes) -> None:
        self.tensor, self._ledger = tensor.detach(), ledger

    def __del__(self) -> None:
        self._ledger._let_go(self.tensor)


def _restore(kept: _Kept) -> Tensor:
    return kept.tensor
