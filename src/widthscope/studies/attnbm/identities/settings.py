"""Settings of the family `identities`: sizes at which exact statements are checked in float64."""

from math import comb
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from widthscope.settings_types import Count, Distinct, Increasing, Positive, Section

PLANE = 2
"""Visible units where densities are integrated on a grid."""

CHAINS_PER_STATE = 100
"""For the squared deviations of their counts to follow the law of chi squared."""

MOST_COMPONENTS = 2000
"""Of a machine in the plane, at any power of its softmax factor: each has a value at every grid point."""

Units = Annotated[int, Field(ge=1, le=2**14)]
Size = Annotated[tuple[Units, Units], Field(description="Visible units N and hidden units H.")]


def _not_one_alone(noises: tuple[float, ...]) -> tuple[float, ...]:
    if all(noise == 1.0 for noise in noises):
        raise ValueError("one width must differ from 1, where the energy's scale makes no difference")
    return noises


def _has_plane(sizes: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    if all(visible != PLANE for visible, _ in sizes):
        raise ValueError(f"one size must have {PLANE} visible units, whose density is integrated")
    return sizes


class Density(Section):
    """The density against its mixture, and partition functions of special cases."""

    sizes: Annotated[Distinct[Size], AfterValidator(_has_plane)] = Field(
        ((2, 3), (10, 7), (64, 100), (784, 900)), description="Pairs of N visible and H hidden units."
    )
    machines: Count = Field(4, le=100, description="Machines of each size.")
    examples: Count = Field(40, le=1000, description="Visible vectors of each.")
    spins: Count = Field(8, le=16, description="Binary visible units whose states are all summed.")
    powers: Increasing[Annotated[int, Field(ge=1, le=6)]] = Field(
        (1, 2, 3), description="Powers n of the softmax factor."
    )

    @model_validator(mode="after")
    def _powers_can_be_written_out(self) -> "Density":
        hidden, power = next(h for n, h in self.sizes if n == PLANE), self.powers[-1]
        count = comb(hidden + power - 1, power)
        if count > MOST_COMPONENTS:
            raise ValueError(
                f"powers: {hidden} hidden units with power {power} make {count} components, at most "
                f"{MOST_COMPONENTS} are allowed"
            )
        return self


class Gradient(Section):
    """The closed gradient against differentiation and against samples of the machine."""

    visible: Units = Field(6, le=100, description="Visible units N.")
    hidden: Units = Field(5, ge=2, le=100, description="Hidden units H.")
    machines: Count = Field(60, ge=3, le=1000, description="Machines.")
    samples: Count = Field(30_000, ge=1000, description="Exact samples of each.")


class Scores(Section):
    """Score matching against the denoising autoencoder, by integrals over the plane."""

    hidden: Units = Field(4, le=32, description="Hidden units H.")
    clean: Count = Field(7, ge=2, le=64, description="Clean vectors.")
    machines: Count = Field(3, le=100, description="Machines, each with clean vectors of its own.")
    noises: Annotated[Distinct[Annotated[Positive, Field(ge=0.1, le=1)]], AfterValidator(_not_one_alone)] = (
        Field((1.0, 0.5, 0.25), description="Widths s of the corruption; one at least is not 1.")
    )


class Bernoulli(Section):
    """Gaussian-Bernoulli machines against attentional ones with a component for each hidden state."""

    visible: Units = Field(5, le=1000, description="Visible units N.")
    hidden: Count = Field(4, ge=2, le=16, description="Hidden units K, of 2^K states.")
    machines: Count = Field(8, le=100, description="Machines.")
    examples: Count = Field(200, ge=50, le=10_000, description="Visible vectors of each.")


class Harmoniums(Section):
    """Dense associative memories as harmoniums: exact marginals and block Gibbs sampling."""

    visible: Count = Field(4, ge=2, le=10, description="Binary visible units N.")
    seeds: Count = Field(24, ge=3, le=1000, description="Harmoniums of each Lagrangian, sampled once.")
    chains: Count = Field(10_000, description="Independent chains of each, at least 100 for each state.")
    sweeps: Count = Field(16, ge=2, description="Sweeps of each chain.")

    @model_validator(mode="after")
    def _states_are_populated(self) -> "Harmoniums":
        least = CHAINS_PER_STATE * 2**self.visible
        if self.chains < least:
            raise ValueError(
                f"chains {self.chains} are too few for 2^{self.visible} states, at least {least} are needed"
            )
        return self


class Retrieval(Section):
    """Energies along the attention update."""

    visible: Units = Field(30, le=2000, description="Visible units N of drawn machines.")
    hidden: Units = Field(50, ge=2, le=2000, description="Hidden units H of drawn machines.")
    machines: Count = Field(4, le=100, description="Drawn machines.")
    patterns: Count = Field(50, ge=5, le=1797, description="Digits stored as memories of a further machine.")
    starts: Count = Field(200, ge=5, description="Starts of each machine.")
    steps: Count = Field(30, ge=2, le=1000, description="Updates.")


class Identities(Section):
    """Exact identities of attentional machines and of what they are related to."""

    density: Density = Density()
    gradient: Gradient = Gradient()
    scores: Scores = Scores()
    bernoulli: Bernoulli = Bernoulli()
    harmoniums: Harmoniums = Harmoniums()
    retrieval: Retrieval = Retrieval()
