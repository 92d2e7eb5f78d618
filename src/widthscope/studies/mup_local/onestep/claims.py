"""The claims on exponents of one learning step, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals, Reported

SHARDS = ("onestep",)
QUARTER = "a quarter of 1/2, by which rival exponents differ: half of the way to the middle between two"
HALF = (
    "half of 1/2: the change through the readout is a sum of products of two random factors, whose slope "
    "varies most from seed to seed"
)
DRIFT = Test(
    "drift",
    Reported(),
    "the slopes without the narrowest networks",
    "none: how far these widths are from the limit",
)


def _tests(rows: str) -> tuple[Test, ...]:
    return (
        Test(
            "maximal-update",
            Equals(0.125),
            "slopes on the width of what one step of a layer moves that layer by, in the maximal-update "
            f"parameterisation, {rows}",
            QUARTER,
        ),
        Test(
            "formula",
            Equals(0.125),
            "the same slopes with other exponents, beside those that the formulas predict",
            QUARTER,
        ),
        Test(
            "through",
            Equals(0.25),
            "slopes of what one step of the hidden layer moves the output by, every row",
            HALF,
        ),
        DRIFT,
    )


CODING = Claim(
    name="onestep-exponents-pc",
    statement=(
        "One step of predictive coding moves every layer and the output by order one at any width if the "
        "rates follow $c = (-1 - \\bar\\gamma_L, -\\bar\\gamma_L, 1 - \\bar\\gamma_L)$ with $b_L = 1$; "
        "with other exponents by the powers of the width that the formulas give."
    ),
    quantity="slopes of what one step moves each layer by in the maximal-update parameterisation",
    prediction=0.0,
    tests=_tests("by inference and $\\bar\\gamma_L$"),
    control=Control(
        "standard, neural-tangent and gradient descent's rates judged as maximal update (maximal-update), "
        "and a theory that leaves out the weight of the output's energy (formula), or that hidden changes "
        "lie along the readout (through)"
    ),
    figure="mup-local-onestep",
    shards=SHARDS,
)

PROPAGATION = Claim(
    name="onestep-exponents-tp",
    statement=(
        "One step of difference target propagation with random feedback maps moves every layer and the "
        "output by order one at any width if $b_L = 1/2$ and $c = (0, 1, 1)$; a smaller readout leaves the "
        "layers their changes, and takes from the hidden ones their effect on the output, by "
        "$M^{1/2 - b_L}$. The readout's scale at the base width is 0.1 here, where the study's notes and its "
        "claims on regimes of target propagation have 0.3; it was chosen at other seeds, since at 0.3 the "
        "output at the beginning makes residuals depend on the width where $b_L$ is above 1/2."
    ),
    quantity="slopes of what one step moves each layer by in the maximal-update parameterisation",
    prediction=0.0,
    tests=_tests("random feedback maps"),
    control=Control(
        "standard rates judged as maximal update (maximal-update), and the formulas of gradient descent, "
        "whose signals pass the readout (formula) and whose hidden changes lie along it (through)"
    ),
    figure="mup-local-onestep",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (CODING, PROPAGATION)
