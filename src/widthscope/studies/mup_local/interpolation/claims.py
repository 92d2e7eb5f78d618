"""The claims on the interpolation of gradients, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("interpolation",)

CURVE = Claim(
    name="pc-interpolation-curve",
    statement=(
        "With $\\gamma_L$ growing as M the equilibrium gradient of a linear network lies between that of "
        "back-propagation and the Gauss-Newton target's, on a curve without free parameters: for rows of the "
        "readout scaled by s it is that of $(I + 2 \\kappa S^2)^{-1}$, with $\\gamma_L = \\kappa M / M_0$. "
        "Judged is the largest width, 2048 in the laptop's run, chosen at other seeds: at M = 512, for which "
        "the study's notes allow the same margin, 20 seeds did not decide, and deviations are reported."
    ),
    quantity="cosine of the first layer's gradient to both ends at the largest width, by $\\kappa$",
    prediction=None,
    tests=(
        Test(
            "limit",
            Equals(0.02),
            "cosine of the first layer's gradient to both ends at the largest width, by $\\kappa$",
            "what the notes allow at M = 512; the curve spans one half, and fluctuations of one network are "
            "worth 0.007 at M = 2048",
        ),
        Test(
            "shrinks",
            Below(-0.25),
            "slope on the width of a network's largest distance from the curve",
            "half of the slope $-1/2$ of fluctuations; the distance from a wrong curve has 0",
        ),
        Test(
            "narrower",
            Reported(),
            "cosine of the first layer's gradient less that of the curve, to both ends, by $\\kappa$, at the "
            "width nearest to 512, which the notes name",
            "none: shown beside the largest width",
        ),
        Test(
            "distance",
            Reported(),
            "a network's largest distance from the curve, by width",
            "none: how far these widths are from the limit",
        ),
    ),
    control=Control("a readout with equal rows, whose gradient has one direction at every $\\kappa$"),
    figure="pc-interpolation",
    shards=SHARDS,
)

NEEDS_ENERGY = Claim(
    name="pc-interp-needs-gbar",
    statement=(
        "The interpolation needs $\\gamma_L$ to grow with the width: kept at any value, here 10, the "
        "gradient turns to that of back-propagation."
    ),
    quantity="cosine of the first layer's gradient to back-propagation, largest width, $\\gamma_L$ kept",
    prediction=1.0,
    tests=(
        Test(
            "cosine",
            Above(0.99),
            "cosine of the first layer's gradient to back-propagation at the largest width, $\\gamma_L$ kept",
            "the notes' threshold; the other end is below 1/2",
        ),
        Test("by-width", Reported(), "the same by width", "none: how it gets there"),
    ),
    control=Control("$\\gamma_L$ growing as M, at the largest $\\kappa$"),
    figure="pc-interpolation",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (CURVE, NEEDS_ENERGY)
