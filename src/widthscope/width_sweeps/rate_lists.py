"""Lists of learning rates in settings, and those added later, each in a shard of its own. No Torch here."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Distinct, DistinctOrNone, Positive, Section

Rates = Annotated[Distinct[Positive], Field(min_length=3)]
"""Learning rates of the base width that are trained together."""

ADDED = "_added"
"""Ends the name of the setting with what is added to the list of the same name."""

Added = DistinctOrNone[Positive]
"""Learning rates added to a list; none by default."""


def added(section: Section) -> dict[str, tuple[float, ...]]:
    """What is added to each list of rates of a section, by the list's name."""
    return {
        name.removesuffix(ADDED): getattr(section, name)
        for name in type(section).model_fields
        if name.endswith(ADDED)
    }


def refuse_repeated(section: Section) -> None:
    """Refuse an added rate that its list has already; for the validators of sections.

    Raises:
        ValueError: naming the rate and both settings.
    """
    for name, more in added(section).items():
        for rate in more:
            if rate in getattr(section, name):
                raise ValueError(f"{name}{ADDED} has the rate {rate:g}, which {name} has already")


def shard_suffix(rate: float) -> str:
    """What the name of an added rate's shard ends with; it depends on the rate alone."""
    return f"-lr{rate:g}"
