"""Settings of the family `locater`: penalties on the spectrum."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Heads, Positive, Section, Tokens, Width


class Seeds(Section):
    """How many seeds each arm has; all arms count from the same first one and are compared seed by seed."""

    none: Count = Field(16, ge=2, description="Seeds without a penalty; no arm may have more.")
    var: Count = Field(16, ge=2, description="Seeds of the penalty that keeps the mean.")
    sham: Count = Field(12, ge=2, description="Seeds of the placebo: rotated heads, no penalty.")
    scale: Count = Field(
        12, ge=2, description="Seeds of the penalty that shrinks only; no verdict rests on it."
    )
    init_scale: Count = Field(
        8, ge=2, description="Seeds of small initial weights; no verdict rests on them."
    )
    target: Annotated[int, Field(ge=0, le=10**6)] = Field(
        0, description="Seeds of the penalty with a fixed mean; 0 leaves the arm out."
    )
    tr2: Annotated[int, Field(ge=0, le=10**6)] = Field(
        0, description="Seeds of the penalty that is unbounded below; 0 leaves the arm out."
    )

    @model_validator(mode="after")
    def _every_seed_has_its_pair(self) -> "Seeds":
        for name in type(self).model_fields:
            if getattr(self, name) > self.none:
                raise ValueError(
                    f"{name} has {getattr(self, name)} seeds, but each is compared with one of the "
                    f"{self.none} without a penalty"
                )
        return self

    def of(self, arm: str) -> int:
        """Seeds of an arm."""
        return int(getattr(self, arm.replace("-", "_")))


class Locater(Section):
    """A small language model trained with and without a penalty on its query-key spectrum."""

    dataset: Literal["text", "wikitext2"] = Field(
        "text", description="What is modelled: a text by characters, or WikiText-2 by words."
    )
    seeds: Seeds = Seeds()
    strengths: Distinct[Positive] = Field(
        (10.0,),
        description="Strengths of each penalty. 10 was chosen in the theory notes; of several, the first "
        "quarter of the seeds chooses one, and the others are judged.",
    )
    width: Width = Field(64, description="Width d, and the dimension of all heads together.")
    heads: Heads = Field(1, description="Number of heads, which must divide the width.")
    layers: Count = Field(1, description="Number of layers.")
    feedforward: Width = Field(64, description="Width of the feed-forward part.")
    context: Annotated[Tokens, Field(ge=2)] = Field(48, description="Symbols of a window that are read.")
    batch: Count = Field(24, description="Windows in a step.")
    steps: Count = Field(300, description="Updates by Adam.")
    learning_rate: Positive = Field(3e-3, description="Largest learning rate of Adam.")
    second_beta: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.999, description="Decay rate of Adam's average of squared gradients."
    )
    warmup: Count = Field(50, description="Steps over which the learning rate rises, at most `steps`.")
    schedule: Literal["cosine", "inverse-sqrt"] = Field(
        "cosine", description="How the learning rate falls after that."
    )
    recorded: Count = Field(15, description="Evenly spaced points of the run at which spectra are recorded.")
    watched: Count = Field(24, description="Windows of the validation part measured at these points.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> "Locater":
        if self.width % self.heads:
            raise ValueError(f"heads must divide the width, and {self.heads} does not divide {self.width}")
        if self.warmup > self.steps:
            raise ValueError(f"a warmup of {self.warmup} steps is longer than the {self.steps} steps in all")
        return self
