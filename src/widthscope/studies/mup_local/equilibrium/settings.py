"""Settings of the family `equilibrium`: predictive coding at its equilibrium."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Positive, Section, Width, Widths

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds; with fewer, Student's quantile at the study's level decides nothing."""


class Equilibrium(Section):
    """Identities of the equilibrium in small networks, and the stability of the way there over widths."""

    networks: Count = Field(20, ge=12, description="Random networks on which identities are tested.")
    samples: Count = Field(6, ge=2, description="Samples of each network's batch.")
    energies: tuple[Positive, ...] = Field(
        (1e2, 1e3, 1e4, 1e5, 1e6),
        min_length=3,
        description="Weights gamma_L at which the distance to the Gauss-Newton target is measured.",
    )
    widths: Widths = Field(
        (64, 128, 256, 512), min_length=3, description="Widths M of the inference's Hessian."
    )
    base: Width = Field(64, description="Base width M0 of the inference's Hessian.")
    products: Count = Field(40, ge=8, description="Lanczos products for its largest eigenvalue.")
    seeds: Seeds = Field(16, description="Independent seeds at each width.")
