"""Types of settings that families share."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field

from widthscope.settings_types import Increasing
from widthscope.studies.gradient_regularization.arms import Arm

Ascent = Annotated[float, Field(ge=1e-3, le=10)]
"""Shorter steps are lost in the rounding of float32, longer ones are far beyond what any network bears."""


def _differ_in_name(values: Sequence[float]) -> Sequence[float]:
    for before, after in pairwise(values):
        if Arm("forward", before).name == Arm("forward", after).name:
            raise ValueError(f"ascents {before!r} and {after!r} must differ in their first six digits")
    return values


Ascents = Annotated[Increasing[Ascent], AfterValidator(_differ_in_name)]
"""Increasing, each with a name of its own."""

Loss = Annotated[float, Field(gt=0, le=2.3)]
"""A cross-entropy that training comes down to: below log 10, that of guessing, where networks start."""
