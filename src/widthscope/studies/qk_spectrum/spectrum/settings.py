"""Settings of the claims about spectra of query-key matrices: their computation, their laws, their null."""

from typing import Annotated

from pydantic import Field, ValidationInfo, field_validator

from widthscope.settings_types import Count, Draws, Increasing, Section, Width

Seeds = Annotated[Count, Field(ge=12)]
"""Independent seeds or batches; with fewer, Student's quantile at the study's level decides nothing."""

HeadDims = Increasing[Annotated[Width, Field(multiple_of=2)]]
"""Head dimensions of a sweep."""


def _within_width(head_dim: int, info: ValidationInfo) -> int:
    width = info.data.get("width", head_dim)
    if head_dim > width:
        raise ValueError(f"a head of dimension {head_dim} needs a width of at least that, and it is {width}")
    return head_dim


class Fast(Section):
    """Spectra through small products against those of the dense matrix."""

    width: Width = Field(192, le=8192, description="Width d of the dense matrices.")
    head_dim: Width = Field(24, description="Head dimension d_h.")
    heads: Seeds = Field(20, description="Heads drawn of each kind.")

    _head_dim_fits = field_validator("head_dim")(_within_width)


class Laws(Section):
    """Laws of eigenvalues and singular values of query-key matrices at initialisation."""

    aspects: Increasing[Annotated[int, Field(ge=1, le=256)]] = Field(
        (1, 4, 12), min_length=2, description="Aspects d/d_h; the first must be 1, which the rival laws need."
    )
    head_dims: HeadDims = Field((8, 16, 32, 64), min_length=3, description="Head dimensions d_h.")
    values: Count = Field(1024, ge=64, description="Eigenvalues per seed, pooled over matrices.")
    seeds: Seeds = Field(24, description="Independent seeds at each head dimension and aspect.")

    @field_validator("aspects")
    @classmethod
    def _square_matrices_come_first(cls, aspects: tuple[int, ...]) -> tuple[int, ...]:
        if aspects[0] != 1:
            raise ValueError(f"the first aspect must be 1, not {aspects[0]}")
        return aspects

    @field_validator("values")
    @classmethod
    def _whole_matrices(cls, values: int, info: ValidationInfo) -> int:
        for head_dim in info.data.get("head_dims", ()):
            if values % head_dim:
                raise ValueError(f"{values} eigenvalues are no whole number of matrices of {head_dim}")
        return values


class HaarNull(Section):
    """The trace score under random rotations of the keys, and at initialisation."""

    width: Width = Field(64, le=1024, description="Width d.")
    head_dim: Width = Field(16, description="Head dimension d_h.")
    rotations: Draws = Field(12_000, ge=1000, description="Random rotations, which all heads share.")
    batches: Seeds = Field(40, description="Batches of rotations; standard errors are over batches.")

    _head_dim_fits = field_validator("head_dim")(_within_width)


class Spectrum(Section):
    """Spectra of query-key matrices: fast computation, laws at initialisation, the Haar null."""

    fast: Fast = Fast()
    laws: Laws = Laws()
    haar: HaarNull = HaarNull()
