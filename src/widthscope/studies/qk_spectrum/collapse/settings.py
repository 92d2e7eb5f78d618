"""Settings of the family `collapse`: rank collapse and entropy collapse."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Increasing, Section, Tokens, Width

LARGEST_OWN_SCORE = 8.0
"""Of m sqrt(d), the score of a token with itself: beyond, a small spread no longer lowers the entropy."""

Mean = Annotated[float, Field(ge=0, le=100)]
"""A mean of the eigenvalues of sqrt(d) W."""

Spread = Annotated[float, Field(ge=0, le=100)]
"""A standard deviation of the eigenvalues of sqrt(d) W."""

Entropy = Annotated[float, Field(gt=0.05, lt=1)]
"""An attention entropy over the logarithm of the number of keys."""


class EntropyOverSpread(Section):
    """Attention entropy over the spread of the eigenvalues, at fixed means."""

    width: Width = Field(64, description="Width d of the tokens.")
    tokens: Annotated[Tokens, Field(ge=4)] = Field(64, description="Number of tokens T of a walk.")
    walks: Count = Field(16, description="Walks over which a seed's entropy is averaged.")
    seeds: Annotated[Count, Field(ge=4)] = Field(48, description="Independent seeds, the sampling units.")
    means: Increasing[Mean] = Field(
        (0.0, 0.5, 1.0),
        description="Means m of the eigenvalues at which the claim is judged; m sqrt(d) is at most 8.",
    )
    large_means: Increasing[Mean] = Field(
        (2.0, 3.0), description="Larger means m, at which entropies are reported and not judged."
    )
    spreads: Increasing[Spread] = Field(
        (0.0, 0.1, 0.3, 1.0, 3.0),
        min_length=3,
        description="Standard deviations s of the eigenvalues; the last is the scale of the control too.",
    )

    @model_validator(mode="after")
    def _means_are_moderate(self) -> "EntropyOverSpread":
        allowed = LARGEST_OWN_SCORE / self.width**0.5
        if self.means[-1] > allowed * (1 + 1e-9):
            raise ValueError(
                f"means may go up to 8/sqrt(width) = {allowed:.4g}, not {self.means[-1]:g}, and larger ones "
                "are large_means"
            )
        return self


class MatchedEntropy(Section):
    """Token diversity of a concentrated spectrum and of a spread one at the same attention entropy."""

    width: Width = Field(64, description="Width d of the tokens.")
    tokens: Annotated[Tokens, Field(ge=4)] = Field(64, description="Number of tokens T of a sequence.")
    sequences: Count = Field(16, description="Sequences over which a seed's entropy is averaged.")
    seeds: Annotated[Count, Field(ge=4)] = Field(48, description="Independent seeds, the sampling units.")
    entropies: Distinct[Entropy] = Field(
        (0.98, 0.94, 0.9, 0.85), description="Entropies at which the two spectra are compared."
    )


class Collapse(Section):
    """Attention entropy and token diversity against the spectrum, with the true softmax."""

    entropy_over_spread: EntropyOverSpread = EntropyOverSpread()
    matched_entropy: MatchedEntropy = MatchedEntropy()
