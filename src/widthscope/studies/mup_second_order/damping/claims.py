"""The claims on the useful damping, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals, Reported

SHARDS = ("damping*",)
MARGIN = 0.125
LEVEL = (
    "slope on $\\log_2 M$ of $\\log_2$ of the damping at which the training loss is half-way from its least "
    "to its plateau"
)
EXPLORATORY = (
    "All widths share one list of dampings, and all seeds the same minibatches. That the factors are "
    "empirical, the lists and the learning rate are exploratory, chosen in trials with other seeds; with "
    "sampled factors the exponent was not measured, for there the least loss is noise."
)


def _claim(letter: str, statement: str, factor: str, exponent: float, control: str) -> Claim:
    return Claim(
        name=f"damping-exponent-{letter.lower()}",
        statement=f"{statement} {EXPLORATORY}",
        quantity=f"{LEVEL}, of {factor}, factors being empirical",
        prediction=exponent,
        tests=(
            Test(
                "exponent",
                Equals(MARGIN),
                f"{LEVEL}, of {factor}, over dampings that all widths share",
                "half the spacing, 1/4, of exponents in question; the half level exists where no optimum "
                "does, for at a small learning rate less damping is simply better",
            ),
            Test(
                "smallest-width-left-out",
                Reported(),
                "the same without the smallest width",
                "none: how far it still drifts",
            ),
        ),
        control=Control(control),
        figure="damping-half-level",
        shards=SHARDS,
        needs="wider networks, and more seeds",
    )


CLAIMS: tuple[Claim, ...] = (
    _claim(
        "B",
        "With empirical factors the useful damping of K-FAC's signals' factor $B_l$ falls as 1/M with the "
        "maximal-update exponents, as the factor itself does.",
        "the signals' factor",
        -1.0,
        "K-FAC in the standard parameterisation, whose signals, and so the exponent $1 - 2 b_L$ with "
        "$b_L = 1/2$, do not depend on the width",
    ),
    _claim(
        "A",
        "With empirical factors the useful damping of K-FAC's inputs' factor $A_l$ of the layers above the "
        "first, which alone are trained, grows as M, as the factor itself does.",
        "the inputs' factor",
        1.0,
        "the first layer alone is trained, whose inputs are the data, so that its exponent is 0",
    ),
)
