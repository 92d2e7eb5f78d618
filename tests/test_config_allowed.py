"""What a setting may be, in words, from the JSON schema of its field."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, TypeAdapter

from widthscope.config_allowed import allowed, child, kind
from widthscope.settings_types import Count, Distinct, Heads, Level, Positive, Probability, Section, Widths


class Inner(Section):
    """A section."""

    widths: Widths = (2,)
    pair: tuple[int, float] = (1, 1.0)
    by_name: dict[str, Count] = Field(default_factory=dict)


class Outer(Section):
    """A section in a section, which may be empty."""

    inner: Inner | None = None


WORDS = [
    (int, "integer", "a whole number"),
    (Heads, "integer", "a whole number from 1 to 16384"),
    (Count, "integer", "a whole number from 1 to 10^6"),
    (Annotated[int, Field(ge=0, lt=2**63)], "integer", "a whole number of at least 0 and below 2^63"),
    (Annotated[int, Field(ge=3, gt=5, le=8, lt=9)], "integer", "a whole number above 5 and of at most 8"),
    (Annotated[int, Field(ge=6, gt=5, le=9, lt=8)], "integer", "a whole number of at least 6 and below 8"),
    (Annotated[int, Field(ge=4, le=256, multiple_of=2)], "integer", "an even number from 4 to 256"),
    (Annotated[int, Field(ge=8, multiple_of=8)], "integer", "a multiple of 8 of at least 8"),
    (Positive, "number", "a number above 0"),
    (Level, "number", "a number above 0 and below 1"),
    (Probability, "number", "a number from 0 to 1"),
    (bool, "yes or no", "true or false"),
    (str, "text", "text"),
    (Literal["fixed", "clip", "relu"], "choice", "'fixed', 'clip' or 'relu'"),
    (Literal["fixed"], "choice", "'fixed'"),
    (float | None, "number", "a number or empty"),
    (Widths, "list of integer", "an increasing list, each a whole number from 2 to 2^20"),
    (
        Annotated[tuple[int, ...], Field(min_length=3, json_schema_extra={"x-order": "increasing"})],
        "list of integer",
        "an increasing list with at least 3 values, each a whole number",
    ),
    (Distinct[Literal["a", "b"]], "list of choice", "a list without repetition, each 'a' or 'b'"),
    (tuple[int, float], "list of integer", "a list of a whole number, a number"),
    (
        Annotated[tuple[float, ...], Field(min_length=2, max_length=2)],
        "list of number",
        "a list with 2 values, each a number",
    ),
    (
        Annotated[tuple[float, ...], Field(max_length=4)],
        "list of number",
        "a list with 0 to 4 values, each a number",
    ),
    (Inner, "section", "a section of settings"),
    (dict[str, int], "section", "a mapping"),
]


@pytest.mark.parametrize(("hint", "type_", "words"), WORDS)
def test_a_type_in_words(hint: Any, type_: str, words: str) -> None:
    schema = TypeAdapter(hint).json_schema()
    assert (kind(schema, schema), allowed(schema, schema)) == (type_, words)


def test_members_are_found_through_references_and_unions() -> None:
    root = Outer.model_json_schema()
    inner = child(root, "inner", root)
    assert inner is not None
    widths = child(inner, "widths", root)
    assert widths is not None
    width = child(widths, 5, root)
    assert width is not None
    assert allowed(width, root) == "a whole number from 2 to 2^20"
    pair = child(inner, "pair", root)
    assert pair is not None
    assert [child(pair, place, root) for place in (0, 1, 2)] == [
        {"type": "integer"},
        {"type": "number"},
        None,
    ]
    by_name = child(inner, "by_name", root)
    assert by_name is not None
    assert child(by_name, "anything", root) == {"maximum": 10**6, "minimum": 1, "type": "integer"}
    assert child(inner, "nothing", root) is None
