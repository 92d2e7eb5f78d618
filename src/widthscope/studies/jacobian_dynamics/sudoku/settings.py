"""Settings of the family `sudoku`: training on Sudoku, and what is measured of the trained networks."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Heads, Positive, Probability, Section, Width


class Run(Section):
    """How one model is trained."""

    seeds: Count = Field(8, ge=2, description="Seeds; all models count from the same first one.")
    steps: Count = Field(600, description="Updates by Adam.")
    learning_rate: Positive = Field(1e-2, description="Largest learning rate.")


class Measured(Section):
    """What is measured of the trained networks, and how much of it."""

    longest: Count = Field(16, ge=4, description="Most test-time iterations, in multiples of those trained.")
    untrained_boards: Count = Field(32, description="Boards of each part for the untrained networks.")
    akorn_boards: Count = Field(96, description="Boards of each part for AKOrN, whose steps cost more.")
    exponent_puzzles: Count = Field(
        4, description="Puzzles with fewer givens over which a network's exponents are averaged."
    )
    eigen_seeds: Count = Field(8, ge=2, description="Seeds of each model whose eigenvalues are computed.")
    eigen_count: Annotated[int, Field(ge=0, le=10**6)] = Field(
        0,
        description="Eigenvalues of largest modulus that are computed; 0 for all, of a dense matrix.",
    )
    long_run: Count = Field(80, description="Iterations over which long-run exponents are averaged.")
    warm_up: Count = Field(60, description="Iterations of state, and then of state and frame, before.")
    exponents: Count = Field(8, description="Number of long-run exponents.")
    settled: Count = Field(200, description="Iterations after which the period of the orbit is read.")
    energy_puzzles: Count = Field(16, description="Puzzles along which the pseudo-energy is followed.")
    alignment_puzzles: Annotated[int, Field(ge=0, le=10**6)] = Field(
        2, description="Puzzles whose attention Jacobians are decomposed, dense; 0 for none."
    )
    votes: Count = Field(8, ge=2, description="First states among which the lowest pseudo-energy votes.")
    voting_puzzles: Count = Field(32, description="Puzzles on which votes are counted.")


class Sudoku(Section):
    """Recurrent attention trained to fill Sudoku boards."""

    order: Literal[4, 6, 9] = Field(4, description="Digits of the boards; datasets.sudoku.order must agree.")
    width: Width = Field(32, description="Width D of a token.")
    heads: Heads = Field(4, description="Number of heads, which must divide the width.")
    iterations: Count = Field(
        8, multiple_of=2, description="Iterations T of the recurrence in training, an even number."
    )
    batch: Count = Field(16, description="Boards in a step.")
    warmup: Annotated[int, Field(ge=0, le=10**6)] = Field(
        50, description="Updates over which the learning rate rises linearly."
    )
    floor: Probability = Field(0.05, description="Share of the learning rate at which its cosine ends.")
    clip: Positive = Field(1.0, description="Largest norm of one network's gradient.")
    recorded: Count = Field(4, description="Intervals of the training after which parameters are kept.")
    rms: Run = Run(seeds=12, steps=500, learning_rate=0.02)
    unit: Run = Run(seeds=10, steps=200)
    none: Run = Run(seeds=8, steps=120, learning_rate=0.003)
    sym: Run = Run(seeds=8, steps=120)
    akorn: Run = Run(seeds=8, steps=450, learning_rate=0.014)
    akorn_wide: Run = Run(seeds=12, steps=500, learning_rate=0.02)
    measured: Measured = Measured()

    @model_validator(mode="after")
    def _divides(self) -> "Sudoku":
        if self.width % self.heads or self.width % 4:
            raise ValueError(f"width {self.width} must be a multiple of the {self.heads} heads and of 4")
        return self

    def runs(self) -> dict[str, Run]:
        """How each arm is trained, by the arm's name; AKOrN also with one oscillator for a token."""
        names = {name: name for name in ("rms", "unit", "none", "sym", "akorn")}
        names[f"akorn-{self.width}"] = "akorn_wide"
        return {arm: getattr(self, name) for arm, name in names.items()}
