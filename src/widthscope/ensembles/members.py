"""Who is trained: an ordered table of members, each with its value of every factor (seed, rate, ...)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from widthscope.errors import WidthscopeError
from widthscope.streams import Name, torch_generator

if TYPE_CHECKING:
    import torch

DIM = "member"


class MembersError(WidthscopeError):
    """A table of members is empty or ragged, repeats a member, or lacks a factor that is asked for."""


@dataclass(frozen=True)
class Members:
    """An ordered, frozen table of members; no two are alike.

    Attributes:
        factors: for each factor its values, one per member.
    """

    factors: Mapping[str, tuple[Name, ...]]

    def __post_init__(self) -> None:
        lengths = {name: len(values) for name, values in self.factors.items()}
        if not lengths or len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise MembersError(f"members need one value of each factor for each member, found {lengths}")
        rows = self.rows()
        if len(set(rows)) != len(rows):
            twice = next(row for row in rows if rows.count(row) > 1)
            raise MembersError(f"two members are alike: {dict(zip(self.factors, twice, strict=True))}")

    @classmethod
    def grid(cls, **factors: Iterable[Name]) -> "Members":
        """All combinations of the factors' values; the last factor varies fastest.

        ``Members.grid(seed=range(6), penalty=("none", "var"))`` has 12 members.

        Raises:
            MembersError: if a factor has no value or one value twice.
        """
        rows = list(product(*factors.values()))
        return cls({name: tuple(row[place] for row in rows) for place, name in enumerate(factors)})

    def __len__(self) -> int:
        return len(next(iter(self.factors.values())))

    def rows(self) -> list[tuple[Name, ...]]:
        """Each member's values, in the factors' order."""
        return list(zip(*self.factors.values(), strict=True))

    def values(self, factor: str) -> tuple[Name, ...]:
        """One factor's value for each member.

        Raises:
            MembersError: if there is no such factor.
        """
        if factor not in self.factors:
            raise MembersError(f"members have no factor {factor!r}; there are {', '.join(self.factors)}")
        return self.factors[factor]

    def where(self, **values: Name) -> list[int]:
        """Places of the members with these values, in order; errors as in `values`."""
        columns = [(self.values(factor), value) for factor, value in values.items()]
        return [place for place in range(len(self)) if all(column[place] == v for column, v in columns)]

    def take(self, places: Iterable[int]) -> "Members":
        """The members at these places, in this order."""
        chosen = list(places)
        return Members({name: tuple(values[p] for p in chosen) for name, values in self.factors.items()})

    def tensor(
        self, factor: str, device: "torch.device | str" = "cpu", dtype: "torch.dtype | None" = None
    ) -> "torch.Tensor":
        """One factor's values as a tensor (member,), of the default dtype where none is given."""
        import torch  # here, so that planning can count members without loading Torch

        return torch.tensor(self.values(factor), device=device, dtype=dtype or torch.get_default_dtype())

    def coords(self) -> dict[str, tuple[str, np.ndarray[Any, Any]]]:
        """The table as coordinates of an xarray dataset along the dimension ``member``."""
        return {name: (DIM, np.array(values)) for name, values in self.factors.items()}

    def keys(self, *purpose: Name, by: Iterable[str] = ("seed",)) -> list[tuple[Name, ...]]:
        """Names of each member's random stream: the purpose, then the member's values of the factors `by`.

        Members that agree in `by` share the stream: with ``by=("seed",)`` all arms of one seed start from the
        same weights and see the same data, which makes their comparison a paired one.
        """
        columns = [self.values(factor) for factor in by]
        return [(*purpose, *(column[place] for column in columns)) for place in range(len(self))]

    def generators(self, *purpose: Name, by: Iterable[str] = ("seed",)) -> "list[torch.Generator]":
        """A fresh Torch CPU generator for each member, on the streams of `keys`."""
        return [torch_generator(*key) for key in self.keys(*purpose, by=by)]
