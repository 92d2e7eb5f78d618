"""Settings of the family `onestep`: direct one-step changes of every layer against the width."""

from typing import Annotated

from pydantic import AfterValidator, Field

from widthscope.settings_types import Count, Increasing, Positive, Section, Width

LARGE = 512
"""Least of the largest widths: below, finite width moves slopes as far as wrong exponents do."""


def _reaches_large(widths: tuple[int, ...]) -> tuple[int, ...]:
    if widths[-1] < LARGE:
        raise ValueError(f"the largest width must be at least {LARGE}, not {widths[-1]}")
    return widths


class Onestep(Section):
    """One update of one layer of a network of three layers at initialisation, in float64."""

    widths: Annotated[Increasing[Width], AfterValidator(_reaches_large)] = Field(
        (128, 256, 512, 1024, 2048), min_length=3, description="Widths M."
    )
    base: Width = Field(128, description="Base width M0, at which all parameterisations are one.")
    seeds: Count = Field(16, ge=3, description="Independent seeds at each width, each with its own batch.")
    batch: Count = Field(32, ge=2, le=1000, description="Images N in the batch.")
    damping: Positive = Field(1e-3, description="Damping rho' relative to the trace of each factor.")
    sigma_readout: Positive = Field(0.1, description="Scale sigma_L of the initial readout.")
    absolute: Increasing[Positive] = Field(
        (0.1, 1.0), description="Dampings rho' of the heuristic and of the constant rule, absolute."
    )
