"""Settings of the claims about scores of random walks and the signal propagation probability."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Draws, Increasing, Positive, Section, Tokens, Width
from widthscope.studies.qk_spectrum.walks.feasibility import check_feasible

EvenWidth = Annotated[Width, Field(multiple_of=2)]
"""A width that half of the eigenvalues divide."""

Batches = Annotated[Count, Field(ge=12)]
"""Independent batches; with fewer, Student's quantile at the study's level is too large to decide
anything."""


class Moments(Section):
    """Mean and variance of the scores of random walks."""

    width: Width = Field(48, ge=8, description="Width d of the tokens.")
    tokens: Tokens = Field(32, ge=2, description="Length T of the walks.")
    walks: Draws = Field(120_000, ge=1000, description="Random walks, which all kinds of matrix share.")
    batches: Batches = Field(40, description="Batches of walks; standard errors are over batches.")


class Rho(Section):
    """Error of the Gaussian formula of the signal propagation probability, over the width."""

    widths: Increasing[Annotated[EvenWidth, Field(ge=16)]] = Field(
        (32, 64, 128, 256, 512),
        min_length=3,
        description="Widths d; from 16 up they hold every spectrum of the experiment.",
    )
    tokens: Tokens = Field(64, ge=8, description="Length T of the walks.")
    positions: Count = Field(7, le=64, description="Number of keys, evenly spaced over the walk.")
    draws: Draws = Field(120_000, ge=1000, description="Last tokens drawn for each width and spectrum.")
    witness_width: EvenWidth = Field(64, ge=16, description="Width of walks of which every step is drawn.")
    witness_walks: Draws = Field(60_000, ge=1000, description="Number of those walks.")
    batches: Batches = Field(
        40, description="Batches of draws and of walks; standard errors are over batches."
    )

    @field_validator("positions")
    @classmethod
    def _positions_are_distinct(cls, positions: int, info: ValidationInfo) -> int:
        tokens = info.data.get("tokens", positions + 1)
        if positions >= tokens:
            raise ValueError(f"a walk of {tokens} tokens has at most {tokens - 1} keys before its last")
        return positions


class Profiles(Section):
    """Profiles of the signal propagation probability over the sequence, for three modes of focus."""

    width: EvenWidth = Field(128, ge=16, description="Width d of the tokens, and rank of the spectra.")
    tokens: Tokens = Field(256, ge=16, description="Length T of the walks.")
    grid: Count = Field(16, ge=8, description="Steps of the grid of keys; it divides the length.")
    late_xi: Positive = Field(
        0.5, le=1, description="Trace xi with late-site focus; also its negative, and 0."
    )
    late_eta: Increasing[Positive] = Field(
        (0.01, 0.03, 0.1, 0.3, 1.0),
        min_length=3,
        description="Sums eta of squared eigenvalues with that trace.",
    )
    middle_xi: Positive = Field(2.0, gt=1, description="Trace xi with middle-site focus; also its negative.")
    middle_eta: Increasing[Positive] = Field(
        (0.05, 0.1, 0.3, 1.0), min_length=2, description="Sums eta of squared eigenvalues with that trace."
    )
    walks: Draws = Field(120_000, ge=1000, description="Random walks, which all spectra share.")
    batches: Batches = Field(60, description="Batches of walks; standard errors are over batches.")
    softmax_tokens: Tokens = Field(64, ge=8, description="Length of the walks whose true softmax is taken.")
    softmax_walks: Draws = Field(6_000, ge=600, description="Number of those walks.")
    softmax_eta: Positive = Field(0.1, description="Their eta; their trace is `middle_xi`.")

    @field_validator("grid")
    @classmethod
    def _grid_divides_the_length(cls, grid: int, info: ValidationInfo) -> int:
        tokens = info.data.get("tokens", grid)
        if tokens % grid:
            raise ValueError(f"a grid of {grid} steps must divide the {tokens} tokens")
        return grid

    @field_validator("late_eta", "middle_eta", "softmax_eta")
    @classmethod
    def _spectra_are_feasible(
        cls, eta: tuple[float, ...] | float, info: ValidationInfo
    ) -> tuple[float, ...] | float:
        xi = info.data.get("late_xi" if info.field_name == "late_eta" else "middle_xi")
        if xi is not None and "width" in info.data:
            check_feasible(xi, eta[0] if isinstance(eta, tuple) else eta, info.data["width"])
        return eta


class Walks(Section):
    """Scores of random walks: their moments, and the signal propagation probability."""

    moments: Moments = Moments()
    rho: Rho = Rho()
    profiles: Profiles = Profiles()
