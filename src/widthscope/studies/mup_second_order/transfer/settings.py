"""Settings of the family `transfer`: whether the best learning rate stays as the width grows."""

from typing import Literal, Self

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Positive, Section, Width, Widths
from widthscope.width_sweeps.rate_lists import Added, Rates, refuse_repeated


def _powers(first: float, last: float, step: float = 1.0) -> tuple[float, ...]:
    """2^first, ..., 2^last."""
    return tuple(2.0 ** (first + step * place) for place in range(round((last - first) / step) + 1))


MORE = "Added to these: each is trained in jobs of its own, one for every width, and redoes no other."


class _Rule(Section):
    """A rule's lists of learning rates, of which none repeats a rate."""

    @model_validator(mode="after")
    def _rates_are_listed_once(self) -> Self:
        refuse_repeated(self)
        return self


class Gradient(_Rule):
    """Gradient descent; its best rate lies close to divergence, hence small batches and a fine grid."""

    batch: Count = Field(16, ge=2, description="Images N in a minibatch.")
    mup: Rates = Field(_powers(-3.5, -0.5, 0.5), description="Learning rates, maximal update.")
    mup_added: Added = Field((), description=MORE)
    sp: Rates = Field(_powers(-6.0, -1.0, 0.5), description="Learning rates, standard parameterisation.")
    sp_added: Added = Field((), description=MORE)


class KFAC(_Rule):
    """K-FAC with damping relative to each factor's trace."""

    batch: Count = Field(32, ge=2, description="Images N in a minibatch.")
    damping: Positive = Field(0.1, description="Damping rho'.")
    mup: Rates = Field(_powers(-3.0, 2.0), description="Learning rates, maximal update.")
    mup_added: Added = Field((), description=MORE)
    sp: Rates = Field(_powers(-3.0, 2.0), description="Learning rates, standard parameterisation.")
    sp_added: Added = Field((), description=MORE)
    foof: Rates = Field(_powers(-5.0, 1.0), description="Learning rates, those of FOOF in K-FAC's place.")
    foof_added: Added = Field((), description=MORE)


class Shampoo(_Rule):
    """Shampoo without accumulation."""

    batch: Count = Field(32, ge=2, description="Images N in a minibatch.")
    damping: Positive = Field(1e-2, description="Ridge in units of the largest eigenvalue.")
    mup: Rates = Field(_powers(-7.0, -2.0), description="Learning rates, maximal update.")
    mup_added: Added = Field((), description=MORE)
    sp: Rates = Field(_powers(-7.0, -2.0), description="Learning rates, standard parameterisation.")
    sp_added: Added = Field((), description=MORE)


class Transfer(Section):
    """Training loss over the learning rate, one curve for each width."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    widths: Widths = Field((64, 128, 256, 512), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width M0, at which all parameterisations are one.")
    seeds: Count = Field(12, ge=3, description="Independent seeds of the initial weights at each width.")
    steps: Count = Field(60, description="Steps of training.")
    train: Count = Field(1000, description="Images trained on.")
    sigma_readout: Positive = Field(
        0.1,
        description="Scale sigma_L of the initial readout at the base width. With 1 the initial outputs are "
        "as large as the targets and residuals shrink with the width.",
    )
    sgd: Gradient = Gradient()
    kfac: KFAC = KFAC()
    shampoo: Shampoo = Shampoo()
