"""The base of all settings, and the types that their fields share.

Every study's settings import this module, and the jobs that read them do too, so it knows nothing of
files, studies or errors: a change in how a config is read must not make a sweep stale.
"""

from collections.abc import Hashable, Iterable, Sequence
from inspect import get_annotations
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

T = TypeVar("T", bound=Hashable)


class Section(BaseModel):
    """A group of settings: frozen, without unknown keys, and strict about types.

    Strict means that ``"256"`` is not a number, ``2.0`` is not an integer and ``true`` is not 1; an
    integer serves where a float is asked for. Lists become tuples, so that settings can be hashed.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, validate_default=True, allow_inf_nan=False
    )

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        for name, hint in get_annotations(cls).items():
            given = cls.__dict__.get(name)
            cls.__annotations__[name] = _narrowed(
                hint, given.metadata if isinstance(given, FieldInfo) else ()
            )

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, values: Any) -> Any:
        if isinstance(values, dict):
            return {key: _frozen(value) for key, value in values.items()}
        return values


def _narrowed(hint: Any, bounds: Iterable[Any]) -> Any:
    """The type of a field with the bounds given beside its default put after those of its named type.

    Pydantic lets the bounds of the type win, so that ``tokens: Tokens = Field(4, ge=2)`` would admit 1.
    Validators go last: bounds that follow one are neither merged with the earlier ones nor documented.
    """
    if get_origin(hint) is Annotated:
        base, *metadata = get_args(hint)
    else:
        base, metadata = hint, []
    metadata += bounds
    if not metadata:
        return hint
    return Annotated[base, *sorted(metadata, key=lambda item: isinstance(item, AfterValidator))]


def _frozen(value: Any) -> Any:
    """The value with every list in it made a tuple (sections inside freeze their own)."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list | tuple) else value


def _increasing(values: Sequence[Any]) -> Sequence[Any]:
    for before, after in pairwise(values):
        if not before < after:
            message = "must be strictly increasing: {after} follows {before}"
            raise PydanticCustomError("increasing", message, {"before": before, "after": after})
    return values


def _distinct(values: Sequence[Any]) -> Sequence[Any]:
    seen: set[Any] = set()
    for value in values:
        if value in seen:
            raise PydanticCustomError(
                "distinct", "must not repeat a value: {value} is there twice", {"value": value}
            )
        seen.add(value)
    return values


def _power_of_two(value: int) -> int:
    if value < 1 or value & (value - 1):
        message = "must be a power of two, for Sobol sequences, not {value}"
        raise PydanticCustomError("power_of_two", message, {"value": value})
    return value


Increasing = Annotated[
    tuple[T, ...],
    Field(min_length=1, json_schema_extra={"uniqueItems": True, "x-order": "increasing"}),
    AfterValidator(_increasing),
]
"""At least one value, strictly increasing: ``Increasing[Width]``."""

Distinct = Annotated[
    tuple[T, ...], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_distinct)
]
"""At least one value, none twice: ``Distinct[Literal["fixed", "clip"]]``."""

DistinctOrNone = Annotated[
    tuple[T, ...], Field(json_schema_extra={"uniqueItems": True}), AfterValidator(_distinct)
]
"""Any number of values, none twice: ``DistinctOrNone[Positive] = ()``."""

Width = Annotated[int, Field(ge=2, le=2**20)]
"""A width n, or a head dimension that plays its part."""

Widths = Increasing[Width]
"""The widths of a sweep."""

Heads = Annotated[int, Field(ge=1, le=2**14)]
"""A number of heads H."""

Tokens = Annotated[int, Field(ge=1, le=2**14)]
"""A number of tokens s."""

Draws = Annotated[int, Field(ge=1, le=10**12)]
"""A number of Monte-Carlo draws."""

Count = Annotated[int, Field(ge=1, le=10**6)]
"""A number of batches, seeds, images, layers or grid points."""

PowerOfTwo = Annotated[int, AfterValidator(_power_of_two)]
"""A number of draws of a Sobol sequence, which is balanced at powers of two alone."""

Positive = Annotated[float, Field(gt=0)]
"""A finite number above zero: a scale, a margin, a temperature."""

Probability = Annotated[float, Field(ge=0, le=1)]
"""A probability, its ends included."""

Level = Annotated[float, Field(gt=0, lt=1)]
"""A confidence or significance level, its ends excluded."""

DatasetName = Literal[
    "digits", "gaussian", "templates", "cifar10", "cifar100", "wikitext2", "text", "sudoku", "omniglot"
]
"""A dataset of `widthscope.datasets.catalogue` (a test holds the two together)."""
