"""The objects of `claims.json`, and the JSON schema that describes them."""

import math
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, model_validator


def _finite_or_none(value: object) -> object:
    """JSON has no infinity and no NaN: what is not finite becomes null."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Number = Annotated[float | None, BeforeValidator(_finite_or_none)]
Interval = tuple[Number, Number]
Outcome = Literal["supported", "refuted", "undecided", "reported"]


class Part(BaseModel):
    """Settings shared by all parts: no unknown keys, no changes after judgement."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ComponentRow(Part):
    """One component of a test; null where a number does not exist."""

    component: str
    estimate: Number
    interval: Interval = Field(
        description="Joint with the test's other components; null: unbounded on that side."
    )
    prediction: Number
    z: Number = Field(description="Deviation from the prediction in standard errors.")
    p_value: Number
    n: int = Field(ge=0, description="Independent draws; 0 for a deterministic value.")


class Finding(Part):
    """What a rule found in one piece of evidence."""

    verdict: Outcome
    estimate: Number
    interval: Interval
    prediction: Number
    level: float = Field(description="Joint level of the intervals of this finding.")
    n: int = Field(ge=0)
    reason: str
    components: tuple[ComponentRow, ...]


class TestOutcome(Finding):
    """One test of a claim, beside the same test of its control."""

    __test__: ClassVar[bool] = False  # for pytest: not a test class

    name: str
    quantity: str
    rule: str = Field(description="The rule with its numbers, as written in the study.")
    criterion: str = Field(description="When the rule says supported and when refuted.")
    margin: Number = Field(description="Margin fixed beforehand; for a one-sided rule its threshold.")
    margin_reason: str
    family_level: float = Field(description="Level over all judged tests of the study together.")
    family_tests: int = Field(
        ge=0, description="Number m of judged tests; each has level 1 - (1 - family_level)/m."
    )
    control: Finding | None = Field(
        description="The same rule on the negative control; null if this test has none."
    )


class ControlOutcome(Part):
    """A claim's negative control: of the first test whose control was not rejected, else of the first."""

    description: str
    test: str = Field(description="Name of the test whose control is shown.")
    estimate: Number
    interval: Interval
    verdict: Outcome
    rejected: bool = Field(description="Whether the rule refuted the control in every test that has one.")


class Verdict(Part):
    """One claim of one paper, judged."""

    id: str = Field(pattern=r"^[a-z0-9_]+/[a-z0-9-]+$", description="<study>/<claim>")
    study: str
    paper: str = Field(description="arXiv id")
    statement: str
    quantity: str
    prediction: Number
    margin: Number = Field(description="Margin fixed beforehand; for a one-sided rule its threshold.")
    margin_reason: str
    estimate: Number = Field(description="Headline: the first test's deciding component or pooled number.")
    interval: Interval | None = Field(description="[low, high]; null within it: unbounded on that side.")
    level: float = Field(
        gt=0, lt=1, description="Level of `interval`, after correction for the study's tests."
    )
    n: int = Field(ge=0, description="Independent draws behind the estimate; 0 for a deterministic value.")
    verdict: Outcome
    control: ControlOutcome | None
    figure: str
    seconds: float | None = Field(
        default=None,
        ge=0,
        description="Seconds of the shards behind the claim; null until the report fills it in.",
    )
    reason: str
    tests: tuple[TestOutcome, ...]
    needs: str = Field(description="What a decisive run would take.")

    @model_validator(mode="after")
    def _judged_claims_show_their_evidence(self) -> "Verdict":
        if self.verdict == "reported":
            return self
        if self.interval is None or self.control is None:
            raise ValueError(f"{self.id} is {self.verdict} but lacks an interval or a control")
        if self.verdict in ("supported", "refuted"):
            if self.estimate is None or self.interval == (None, None):
                raise ValueError(f"{self.id} is {self.verdict} without an estimate or a bounded interval")
            if not self.control.rejected:
                raise ValueError(f"{self.id} is {self.verdict} although its control was not rejected")
        return self


def schema() -> dict[str, Any]:
    """Return the JSON schema of `claims.json`: a list of verdicts."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Judged claims",
        **TypeAdapter(list[Verdict]).json_schema(mode="serialization"),
    }
