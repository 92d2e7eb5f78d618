"""Joins what the families of a study found, for its `fit.py` and its `figures.py`.

Knows nothing of what is joined, so that a fit imports no plotting.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from widthscope.errors import StudyError

Item = TypeVar("Item")


def joined(found: Iterable[Mapping[str, Item]]) -> dict[str, Item]:
    """One mapping of all the families' mappings, in their order.

    Raises:
        StudyError: if two families give the same name, of which one would be lost.
    """
    everything: dict[str, Item] = {}
    for of_family in found:
        for name, item in of_family.items():
            if name in everything:
                raise StudyError(f"two families of the study give '{name}', and each needs its own name")
            everything[name] = item
    return everything
