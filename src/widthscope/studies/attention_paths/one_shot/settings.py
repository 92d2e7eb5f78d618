"""Settings of the family `one_shot`: one-shot classification by networks trained by gradient descent."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Distinct, Heads, Increasing, Positive, Section, Width, Widths
from widthscope.studies.attention_paths.one_shot.memory import theory_bytes

SIDE = {"digits": 8, "omniglot": 32}
"""Of an image, in pixels, as the networks see it."""

PATCH = {"digits": 4, "omniglot": 8}
"""Side of a patch in pixels."""

ORIENTATIONS = {"digits": 8, "omniglot": 1}
"""Turned and mirrored images of one class, each of which counts as a class of its own."""

FIRST_NOVEL = {"digits": 7, "omniglot": 0}
"""First label of the classes that are kept from training, where the dataset does not say which they are."""


LARGEST_GB = 64.0
"""Of memory that the theory of one network may take: what many nodes of clusters have to themselves."""


class Architecture(Section):
    """Shape of the networks."""

    layers: Annotated[int, Field(ge=1, le=4)] = Field(2, description="Attention layers L.")
    heads: Annotated[Heads, Field(le=16)] = Field(4, description="Heads H of each layer.")
    key_dim: Width = Field(16, description="Dimension G of a head's queries and keys.")
    width: Width = Field(64, description="Width N of every layer.")


class Theory(Section):
    """What is computed from the trained networks' attention; editing it trains nothing."""

    episodes: Annotated[int, Field(ge=10, le=20000)] = Field(
        200, description="Training episodes P that the posterior is conditioned on."
    )
    widths: Widths = Field(
        (10, 100),
        description="Widths N of the theory's network; the smallest is judged, the others are shown beside.",
    )
    temperatures: Increasing[Positive] = Field(
        (0.1, 0.3, 1.0), description="Temperatures of which validation chooses, for every predictor its own."
    )
    validation: Count = Field(5000, ge=10, description="Episodes that choose the temperature.")
    selection: Count = Field(
        2000, ge=10, description="Episodes on which heads are pruned one by one, to order them."
    )
    test: Count = Field(20000, ge=10, description="Episodes that choose nothing, on which all is reported.")
    random_orders: Count = Field(20, ge=2, description="Random orders of pruning.")


class OneShot(Section):
    """Networks trained by gradient descent on one-shot episodes, and the theory with their attention."""

    dataset: Literal["digits", "omniglot"] = Field("digits", description="Images of the episodes.")
    architectures: Distinct[Architecture] = Field(
        (Architecture(),), description="Shapes of the networks; each is trained in jobs of its own."
    )
    nets: Count = Field(20, ge=2, le=1000, description="Networks of each architecture; each has its images.")
    nets_per_job: Count = Field(10, ge=1, description="Networks that are trained together in one job.")
    episodes: Count = Field(10000, ge=10, description="Episodes that a network is trained on.")
    batch: Count = Field(128, description="Episodes in one update.")
    steps: Count = Field(1000, description="Updates by Adam.")
    learning_rate: Positive = Field(2e-3, description="Learning rate of Adam, held constant.")
    evaluated: Count = Field(1000, ge=10, description="Episodes on which a trained network is measured.")
    theory: Theory = Theory()

    @model_validator(mode="after")
    def _a_batch_is_there(self) -> "OneShot":
        if self.batch > self.episodes:
            raise ValueError(f"a batch of {self.batch} needs as many episodes, not {self.episodes}")
        return self

    @model_validator(mode="after")
    def _the_theory_fits(self) -> "OneShot":
        for shape in self.architectures:
            gigabytes = self.theory_bytes(shape) / 1e9
            if gigabytes > LARGEST_GB:
                raise ValueError(
                    f"the theory of layers {shape.layers} with heads {shape.heads} has "
                    f"{shape.heads**shape.layers} attention paths and would take {gigabytes:.3g} GB, "
                    f"more than {LARGEST_GB:g} GB: take fewer heads, layers or episodes"
                )
        return self

    def token_sizes(self) -> tuple[int, int]:
        """Tokens T of an episode, and width N_0 of one."""
        places = (SIDE[self.dataset] // PATCH[self.dataset]) ** 2
        return 3 * places, PATCH[self.dataset] ** 2 + places + 6

    def theory_bytes(self, shape: Architecture) -> int:
        """Memory that the theory of one network takes."""
        theory = self.theory
        return theory_bytes(
            (shape.heads,) * shape.layers,
            *self.token_sizes(),
            theory.episodes,
            [theory.validation, theory.selection, theory.test],
        )
