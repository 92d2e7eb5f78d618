"""Settings of the family `transfer`: whether the best learning rate stays as the width grows."""

from typing import Literal

from pydantic import Field

from widthscope.settings_types import Count, Distinct, Positive, Section, Width, Widths


def _powers(first: float, last: float, step: float = 1.0) -> tuple[float, ...]:
    """2^first, ..., 2^last."""
    return tuple(2.0 ** (first + step * place) for place in range(round((last - first) / step) + 1))


class Grid(Section):
    """Learning rates of one arm."""

    rates: Distinct[Positive] = Field(
        min_length=3,
        description="Learning rates of the base width, in any order; one appended at the end trains a job of "
        "its own where `rates_per_shard` divides the number that there were.",
    )
    rates_per_shard: Count = Field(description="Rates that one job trains, in the order written.")


def _grid(first: float, last: float, step: float = 1.0) -> Grid:
    rates = _powers(first, last, step)
    return Grid(rates=rates, rates_per_shard=len(rates))


class Gradient(Section):
    """Gradient descent; its best rate lies close to divergence, hence small batches and a fine grid."""

    batch: Count = Field(16, ge=2, description="Images N in a minibatch.")
    mup: Grid = _grid(-3.5, -0.5, 0.5)
    sp: Grid = _grid(-6.0, -1.0, 0.5)


class KFAC(Section):
    """K-FAC with damping relative to each factor's trace."""

    batch: Count = Field(32, ge=2, description="Images N in a minibatch.")
    damping: Positive = Field(0.1, description="Damping rho'.")
    mup: Grid = _grid(-3.0, 2.0)
    sp: Grid = _grid(-3.0, 2.0)
    foof: Grid = _grid(-5.0, 1.0)


class Shampoo(Section):
    """Shampoo without accumulation."""

    batch: Count = Field(32, ge=2, description="Images N in a minibatch.")
    damping: Positive = Field(1e-2, description="Ridge in units of the largest eigenvalue.")
    mup: Grid = _grid(-7.0, -2.0)
    sp: Grid = _grid(-7.0, -2.0)


class Transfer(Section):
    """Training loss over the learning rate, one curve for each width."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    widths: Widths = Field((64, 128, 256, 512), min_length=2, description="Widths M.")
    base: Width = Field(64, description="Base width M0, at which all parameterisations are one.")
    seeds: Count = Field(12, ge=3, description="Independent seeds of the initial weights at each width.")
    steps: Count = Field(60, description="Steps of training.")
    train: Count = Field(1000, description="Images trained on, where the dataset has no split of its own.")
    sigma_readout: Positive = Field(
        0.1,
        description="Scale sigma_L of the initial readout at the base width. With 1 the initial outputs are "
        "as large as the targets and residuals shrink with the width.",
    )
    sgd: Gradient = Gradient()
    kfac: KFAC = KFAC()
    shampoo: Shampoo = Shampoo()
