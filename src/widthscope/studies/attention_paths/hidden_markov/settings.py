"""Settings of the family `hidden_markov`: what finite width gains on hidden Markov chains."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Positive, Section, Width

Layers = Annotated[int, Field(ge=1, le=3)]


class Depth(Section):
    """Accuracy over the number of attention layers."""

    layers: Increasing[Layers] = Field((1, 2, 3), description="Numbers of attention layers L.")
    widths: Increasing[Width] = Field((10, 100, 1000), description="Widths N.")
    seeds: Count = Field(6, ge=3, description="Independent data sets, each with its own random heads.")


class HiddenMarkov(Section):
    """What finite width gains on hidden Markov chains, and which paths it comes from."""

    widths: Increasing[Width] = Field(
        (10, 30, 100, 300, 1000, 10000), description="Widths N, the same in all layers."
    )
    seeds: Count = Field(16, ge=3, description="Independent data sets, each with its own random heads.")
    examples: Count = Field(100, ge=4, description="Sequences P trained on, half of each class.")
    tests: Count = Field(1000, ge=10, description="Sequences that accuracies are measured on.")
    validation: Count = Field(
        500, ge=10, description="Further sequences, on which tuned temperatures are chosen."
    )
    temperature: Positive = Field(0.01, description="Temperature of the posterior.")
    temperatures: Increasing[Positive] = Field(
        (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0), description="Temperatures that tuned ones are chosen from."
    )
    shuffles: Count = Field(
        3, le=100, description="Permutations of the labels; their accuracies are averaged."
    )
    depth: Depth = Depth()

    @model_validator(mode="after")
    def _can_be_judged(self) -> "HiddenMarkov":
        if self.examples % 2:
            raise ValueError(f"examples must be even, half of each class, not {self.examples}")
        if len(self.widths) < 2:
            raise ValueError(f"at least two widths are needed to see a trend, not {list(self.widths)}")
        return self
