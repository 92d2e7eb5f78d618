"""The claims on the useful damping, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals, Reported

SHARDS = ("damping*",)
MARGIN = 0.125
LEVEL = (
    "slope on $\\log_2 M$ of $\\log_2$ of the damping at which the training loss is half-way from its least "
    "to its plateau"
)


def _claim(letter: str, statement: str, factor: str, exponent: float) -> Claim:
    return Claim(
        name=f"damping-exponent-{letter.lower()}",
        statement=statement,
        quantity=f"{LEVEL}, of {factor}, factors being empirical",
        prediction=exponent,
        tests=(
            Test(
                "exponent",
                Equals(MARGIN),
                f"{LEVEL}, of {factor}, in absolute terms",
                "half the spacing, 1/4, of exponents in question; the half level exists where no optimum "
                "does, for at a small learning rate less damping is simply better",
            ),
            Test(
                "one-range-of-dampings",
                Equals(MARGIN),
                "the same where only dampings count that are in the lists of all widths in absolute terms",
                "as above; a least loss at the end of a list that follows the width would bring the exponent "
                "with it, and is not measured",
            ),
            Test(
                "smallest-width-left-out",
                Reported(),
                "the same without the smallest width",
                "none: how far it still drifts",
            ),
        ),
        control=Control("the same levels in units that follow the width, as if the factor did not"),
        figure="damping-half-level",
        shards=SHARDS,
        needs="wider networks, and more seeds",
    )


CLAIMS: tuple[Claim, ...] = (
    _claim(
        "B",
        "The useful damping of K-FAC's signals' factor $B_l$ falls as 1/M with the maximal-update exponents, "
        "as the factor itself does.",
        "the signals' factor",
        -1.0,
    ),
    _claim(
        "A",
        "The useful damping of K-FAC's inputs' factor $A_l$ of the layers above the first grows as M, as the "
        "factor itself does.",
        "the inputs' factor",
        1.0,
    ),
)
