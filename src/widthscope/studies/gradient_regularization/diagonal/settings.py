"""Settings of the family `diagonal`: diagonal linear networks on sparse regression."""

import math
from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Increasing, Positive, Section

Ascent = Annotated[float, Field(ge=-10, le=10)]
Seeds = Annotated[int, Field(ge=3, le=1000)]
Dimension = Annotated[int, Field(ge=2, le=2000)]
Tolerance = Annotated[float, Field(gt=1e-12, le=1e-3)]
Loss = Annotated[float, Field(gt=1e-25, le=1e-3)]
Steps = Annotated[int, Field(ge=1, le=10**7)]

CLOSELY, FAR = 1e-7, 1e-9
"""Largest tolerance and loss of flows that are verified.

A flow takes about a thousand steps, whose errors add up to 1e-4 at most, the threshold of the product law.
The distance from the solution goes with the root of the loss: 1e-9 leaves 6e-5 in the outputs, and ten times
that in the solution is below the threshold of 1e-3.
"""

LEAST_SCALE = 1e-4
"""The dual problem's condition number goes with 1/α²: of 16 digits this leaves 8, for scales that fall."""

CENTRED_LOSS = 0.25
"""Training loss at the start for centred inputs, |y|²/(4n) of outputs with variance 1."""

LONGEST = 20.0
"""Times itself that an ascent step may change a weight at the start, |ε| μ² √k."""


class Verified(Section):
    """Flows that are followed closely and far, to be compared with what the theory says of them."""

    seeds: Seeds = Field(6, description="Independent data sets.")
    tolerance: Tolerance = Field(5e-8, description="Relative error of a weight that one step may make.")
    loss: Loss = Field(1e-10, description="Training loss at which a flow ends.")

    @model_validator(mode="after")
    def _errors_are_below_the_thresholds(self) -> "Verified":
        for name, value, most in (("tolerance", self.tolerance, CLOSELY), ("loss", self.loss, FAR)):
            if value > most:
                raise ValueError(
                    f"{name} {value:g} must be at most {most:g}, or errors of the integration count against "
                    "the claims"
                )
        return self


class Descent(Section):
    """Descent by finite differences in steps of finite length."""

    seeds: Seeds = Field(8, description="Independent data sets.")
    rate: Positive = Field(0.01, description="Learning rate.")
    steps: Steps = Field(2000, description="Number of steps.")


class Flooded(Section):
    """Descent above a level of the loss and ascent below it, then the plain flow."""

    seeds: Seeds = Field(24, description="Independent data sets.")
    level: Positive = Field(0.02, description="Level b of the training loss.")
    rate: Positive = Field(0.04, description="Learning rate for inputs with a mean.")
    centred_rate: Positive = Field(0.2, description="Learning rate for centred inputs.")
    steps: Steps = Field(2000, description="Number of steps before the plain flow.")

    @model_validator(mode="after")
    def _losses_start_above_the_level(self) -> "Flooded":
        if self.level >= CENTRED_LOSS:
            raise ValueError(
                f"level {self.level:g} must be below {CENTRED_LOSS:g}, the loss that centred networks start "
                "at, or they climb from the first step on"
            )
        return self


class Diagonal(Section):
    """Diagonal linear networks on noiseless sparse regression, inputs with a mean or without."""

    examples: Dimension = Field(50, description="Examples n, fewer than features.")
    features: Dimension = Field(100, description="Features d.")
    support: Count = Field(5, description="Features that the target depends on.")
    mean: Positive = Field(2.0, description="Mean of the inputs, in their standard deviations.")
    scale: Positive = Field(0.1, description="Initial scale of all weights.")
    larger_scale: Positive = Field(
        0.3, description="Initial scale of the control, at which regularisation shifts the scale little."
    )
    strength: Positive = Field(0.1, description="Strength of the regularisation.")
    ascents: Increasing[Ascent] = Field(
        (-0.1, -0.05, -0.02, 0.0, 0.02, 0.05, 0.1, 0.15),
        description="Ascent steps: above 0 forward, below 0 backward, 0 double backpropagation.",
    )
    judged: Positive = Field(0.1, description="Ascent step, forward and backward, that claims are about.")
    predicted: Increasing[Ascent] = Field(
        (-0.02, 0.0, 0.02, 0.05, 0.1),
        description="Ascent steps whose shift of scale is compared with the scalar flow.",
    )
    seeds: Seeds = Field(16, description="Independent data sets with a mean.")
    centred_seeds: Seeds = Field(16, description="Independent centred data sets.")
    larger_seeds: Seeds = Field(5, description="Independent data sets at the larger scale.")
    tolerance: Tolerance = Field(1e-5, description="Relative error of a weight that one step may make.")
    loss: Loss = Field(
        1e-5, description="Training loss at which a flow ends; the scale shifts hardly any more by then."
    )
    verified: Verified = Verified()
    descent: Descent = Descent()
    flooding: Flooded = Flooded()

    @model_validator(mode="after")
    def _data_can_be_interpolated(self) -> "Diagonal":
        if not self.examples < self.features:
            raise ValueError(
                f"{self.examples} examples must be fewer than the {self.features} features, or there is one "
                "solution alone"
            )
        if self.support > self.features:
            raise ValueError(f"a support of {self.support} is more than the {self.features} features")
        if not self.larger_scale > self.scale:
            raise ValueError(f"larger_scale {self.larger_scale} must be above scale {self.scale}")
        if self.scale < LEAST_SCALE:
            raise ValueError(
                f"scale {self.scale:g} must be at least {LEAST_SCALE:g}, or float64 does not resolve the "
                "solution that a flow tends to"
            )
        return self

    @model_validator(mode="after")
    def _ascents_are_there(self) -> "Diagonal":
        for wanted in (0.0, self.judged, -self.judged, *self.predicted):
            if wanted not in self.ascents:
                raise ValueError(f"ascents {list(self.ascents)} must hold {wanted:g}, which claims are about")
        if not any(-self.judged < ascent < 0 for ascent in self.ascents):
            raise ValueError(
                f"ascents {list(self.ascents)} must hold one between {-self.judged:g} and 0: a short "
                "backward step is the control of the long one"
            )
        most = LONGEST / (self.mean**2 * math.sqrt(self.support))
        for ascent in self.ascents:
            if abs(ascent) > most:
                raise ValueError(
                    f"ascents must be at most {most:.3g} in size with support {self.support} and mean "
                    f"{self.mean:g}, not {ascent:g}, which changes weights more than {LONGEST:g} times over"
                )
        return self

    @model_validator(mode="after")
    def _steps_are_stable(self) -> "Diagonal":
        limits = (
            ("descent.rate", self.descent.rate, self.strength, self.mean),
            ("flooding.rate", self.flooding.rate, 0.0, self.mean),
            ("flooding.centred_rate", self.flooding.centred_rate, 0.0, 0.0),
        )
        for name, rate, strength, mean in limits:
            steepest = self.steepest() if mean else self.centred_steepest()
            most = 2 / (steepest * (1 + strength * steepest))
            if rate >= most:
                raise ValueError(
                    f"{name} {rate:g} must be below {most:.3g}, where descent becomes unstable with examples "
                    f"{self.examples}, features {self.features}, support {self.support}, scale "
                    f"{self.scale:g}, strength {strength:g} and inputs of mean {mean:g}"
                )
        return self

    def steepest(self) -> float:
        """Rate of decay along the inputs' mean, at the start or where the target is reached."""
        squares = max(2 * self.scale**2 * self.features, math.sqrt(self.support))
        return 2 * self.mean**2 * squares

    def centred_steepest(self) -> float:
        """Largest rate of decay for centred inputs, of random matrices, at the start or the target."""
        start = 4 * self.scale**2 * (1 + math.sqrt(self.features / self.examples)) ** 2
        reached = 2 / math.sqrt(self.support) * (1 + math.sqrt(self.support / self.examples)) ** 2
        return max(start, reached)
