"""Settings of the family `sampling`: samples of all weights against the exact posterior and the theory."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Increasing, Positive, PowerOfTwo, Section, Width

Sweeps = Annotated[Count, Field(ge=20)]
"""Of Gibbs sampling; chains that have not converged within them decide nothing."""


class Sampling(Section):
    """Samples of all weights against the exact posterior and the theory."""

    seeds: Count = Field(18, ge=3, description="Independent data sets of every case.")
    chains: Annotated[int, Field(ge=4, le=256, multiple_of=2)] = Field(
        4, description="Chains of each data set, each started from the prior; even, for two halves."
    )
    warm_up: Count = Field(100, description="Sweeps that are thrown away.")
    sweeps: Sweeps = Field(800, description="Sweeps that count, where the exact posterior is compared with.")
    draws: Annotated[PowerOfTwo, Field(ge=256, le=2**16)] = Field(
        1024,
        description="Draws of each of two scrambled sequences from the exact posterior; of two layers four "
        "times as many. A power of two.",
    )
    tests: Count = Field(30, ge=10, description="Examples that are predicted.")
    widths: Increasing[Annotated[Width, Field(ge=4)]] = Field(
        (8, 16, 32), min_length=3, description="Widths N at which sampled order parameters meet the theory."
    )
    load: Count = Field(2, description="Examples P over the width N, where the width changes.")
    temperature: Positive = Field(0.1, description="Temperature, where the width changes.")
    width_sweeps: Sweeps = Field(400, description="Sweeps that count, where the width changes.")
