"""What the shared field types admit, whichever way a study narrows them."""

from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from widthscope.datasets import catalogue
from widthscope.settings_types import (
    DatasetName,
    Distinct,
    Draws,
    Increasing,
    Positive,
    PowerOfTwo,
    Section,
    Tokens,
    Width,
    Widths,
)


class Sweep(Section):
    """Fields as the studies write them."""

    widths: Widths = Field((16, 32, 64, 128), min_length=4)
    tokens: Tokens = Field(4, ge=2, le=64)
    draws: Annotated[Draws, Field(ge=100)] = 1000
    laws: Distinct[Literal["fixed", "clip", "relu"]] = ("fixed", "clip")
    scale: Positive = Field(0.5, lt=1)
    thresholds: Increasing[float] = (0.1, 0.2)
    data: DatasetName = "digits"
    repeats: int | None = None
    sobol: Annotated[PowerOfTwo, Field(ge=4, le=64)] = 16


class Study(Section):
    """A section in a section."""

    sweep: Sweep = Sweep()


REFUSED = [
    ("widths", [16, 32, 64]),  # fewer than the field asks for, enough for the type
    ("widths", [16, 32, 32, 64]),
    ("widths", [16, 64, 32, 128]),
    ("widths", [1, 16, 32, 64]),
    ("widths", [16, 32, 64, 2**21]),
    ("widths", [16, 32, 64.0, 128]),
    ("widths", "16 32 64 128"),
    ("widths", {16, 32, 64, 128}),
    ("tokens", 1),  # below the field's bound, not the type's
    ("tokens", 65),
    ("tokens", True),
    ("tokens", "4"),
    ("draws", 99),
    ("laws", ["fixed", "fixed"]),
    ("laws", ["fixd"]),
    ("laws", []),
    ("scale", 0),
    ("scale", 1),
    ("scale", float("nan")),
    ("thresholds", [0.2, 0.1]),
    ("thresholds", [0.1, float("inf")]),
    ("data", "digit"),
    ("repeats", 2.0),
    ("sobol", 24),
    ("sobol", 2),
    ("sobol", 0),
    ("sobol", 128),
]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refuses(name: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Sweep.model_validate({name: value})


def test_an_integer_serves_as_a_float_and_a_list_as_a_tuple() -> None:
    sweep = Sweep.model_validate({"thresholds": [0, 1], "widths": [2, 3, 4, 5]})
    assert sweep.thresholds == (0.0, 1.0)
    assert sweep.widths == (2, 3, 4, 5)


def test_bounds_beside_a_default_are_in_the_schema() -> None:
    properties = Sweep.model_json_schema()["properties"]
    assert (properties["tokens"]["minimum"], properties["tokens"]["maximum"]) == (2, 64)
    assert properties["widths"]["minItems"] == 4
    assert properties["draws"]["minimum"] == 100


def test_a_narrowed_field_leaves_its_type_as_it_was() -> None:
    class Wide(Section):
        tokens: Tokens = 1
        widths: Widths = (2,)

    assert Wide().tokens == 1


def test_defaults_are_checked() -> None:
    class Wrong(Section):
        width: Width = 1

    with pytest.raises(ValidationError):
        Wrong()


def test_sections_are_frozen_and_hashable() -> None:
    study = Study.model_validate({"sweep": {"widths": [2, 3, 4, 5]}})
    assert hash(study) == hash(Study(sweep=Sweep(widths=(2, 3, 4, 5))))
    with pytest.raises(ValidationError):
        study.sweep.tokens = 3


def test_settings_survive_json() -> None:
    study = Study(sweep=Sweep(widths=(2, 3, 5, 7), repeats=3))
    assert Study.model_validate(study.model_dump(mode="json")) == study
    assert Study.model_validate_json(study.model_dump_json()) == study


@given(st.lists(st.integers(2, 2**20), min_size=4, max_size=8))
def test_widths_are_admitted_exactly_when_they_increase(widths: list[int]) -> None:
    if sorted(set(widths)) == widths:
        assert Sweep.model_validate({"widths": widths}).widths == tuple(widths)
    else:
        with pytest.raises(ValidationError, match="increasing"):
            Sweep.model_validate({"widths": widths})


def test_the_dataset_type_has_the_names_of_the_catalogue() -> None:
    assert DatasetName.__args__ == catalogue.names()
