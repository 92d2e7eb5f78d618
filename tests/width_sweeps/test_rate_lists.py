"""Rates that are added are named by their value alone; plans load no Torch."""

import subprocess
import sys

import pytest
from pydantic import Field, ValidationError, model_validator

from widthscope.settings_types import Section
from widthscope.width_sweeps.rate_lists import Added, Rates, added, refuse_repeated, shard_suffix


class Lists(Section):
    right: Rates = Field((0.25, 0.5, 1.0), description="Rates.")
    right_added: Added = Field((), description="More.")
    wrong: Rates = Field((1.0, 2.0, 4.0), description="Rates.")
    wrong_added: Added = Field((), description="More.")
    other: float = Field(1.0, description="Not a rate.")

    @model_validator(mode="after")
    def _once(self) -> "Lists":
        refuse_repeated(self)
        return self


def test_what_is_added_is_found_by_its_list():
    assert added(Lists(wrong_added=[8.0, 0.5])) == {"right": (), "wrong": (8.0, 0.5)}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"right_added": (2.0, 0.5)}, "right_added has the rate 0.5, which right has already"),
        ({"right_added": (2.0, 2.0)}, "must not repeat a value: 2.0 is there twice"),
        ({"right_added": (0.0,)}, "greater than 0"),
        ({"right": (0.5, 1.0)}, "at least 3"),
    ],
)
def test_a_rate_that_is_there_twice_is_refused(changes, message):
    with pytest.raises(ValidationError, match=message):
        Lists(**changes)


def test_shards_of_added_rates_are_told_apart_by_the_rate():
    assert [shard_suffix(rate) for rate in (2.0, 0.354, 1e-5)] == ["-lr2", "-lr0.354", "-lr1e-05"]


def test_plans_load_no_torch():
    code = (
        "import sys\n"
        "from widthscope.width_sweeps import cost, rate_lists, sizes\n"
        "assert not {'torch', 'numpy', 'xarray'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
