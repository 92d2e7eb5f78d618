"""Claims of the family `differences`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Equals

SHARDS = ("differences*",)
NETWORK = "tanh networks on Gaussian inputs with random labels, in float64"

ORDER = Claim(
    name="fd-order",
    statement=(
        f"For a smooth loss ({NETWORK}), the forward and the backward difference of gradients along $g$ "
        "approach $H g$ in proportion to the step $\\varepsilon$, and the centred one in proportion to "
        "$\\varepsilon^2$."
    ),
    quantity="slope of log relative error on $\\log \\varepsilon$",
    prediction=None,
    tests=(
        Test(
            "slope",
            Equals(0.02),
            "slope of the log relative error on $\\log \\varepsilon$ over $10^{-4}$ to $10^{-1}$, for the "
            "centred difference over $10^{-3}$ to $10^{-1}$, by difference, mean over seeds",
            "the next order of the expansion bends the line by less than a hundredth at these steps; another "
            "order would be off by one",
        ),
        Test(
            "kinks",
            Below(-2.0),
            "decimal logarithm of the relative error at $\\varepsilon = 10^{-3}$, by difference, mean over "
            "seeds",
            "at most a hundredth: in proportion to $\\varepsilon$ from an error of order one at 1, it would "
            "be a thousandth",
        ),
    ),
    control=Control(
        "differences in float32 at $\\varepsilon$ from $10^{-5}$ to $10^{-3}$, where rounding takes over "
        "(slope), and ReLU networks, whose kinks a difference feels and double backpropagation leaves out "
        "(kinks)"
    ),
    figure="difference-errors",
    shards=SHARDS,
)

ANTISYMMETRY = Claim(
    name="fd-antisymmetry",
    statement=(
        f"For a smooth loss ({NETWORK}), the errors of the forward and the backward difference are opposite "
        "to leading order in the step $\\varepsilon$."
    ),
    quantity="1 + cosine of the two errors",
    prediction=0.0,
    tests=(
        Test(
            "sum",
            Below(0.01),
            "1 + cosine of the errors of forward and backward difference at $\\varepsilon = 0.1$, mean over "
            "seeds",
            "opposite to eight degrees",
        ),
        Test(
            "slope",
            Equals(0.1),
            "slope of the log of 1 + cosine on $\\log \\varepsilon$ over $10^{-3}$ to $10^{-1}$, mean over "
            "seeds",
            "the even error, one order higher, turns the two by an angle in proportion to $\\varepsilon$, "
            "and the cosine by its square; a tenth is far from orders 1 and 3",
        ),
    ),
    control=Control("ReLU networks"),
    figure="difference-angles",
    shards=SHARDS,
)

DIRECTION = Claim(
    name="fd-direction",
    statement=(
        f"For a smooth loss ({NETWORK}), the direction of the forward difference approaches that of $H g$, "
        "with an angle in proportion to the step $\\varepsilon$."
    ),
    quantity="slope of the log of 1 - cosine on $\\log \\varepsilon$",
    prediction=2.0,
    tests=(
        Test(
            "slope",
            Equals(0.1),
            "slope of the log of 1 - cosine of forward difference and $H g$ on $\\log \\varepsilon$ over "
            "$10^{-3}$ to $10^{-1}$, mean over seeds",
            "a cosine's distance from 1 is half the square of the angle; a tenth is far from orders 1 and 3",
        ),
    ),
    control=Control("the two gradients of the difference taken on different batches"),
    figure="difference-angles",
    shards=SHARDS,
)

SHARPNESS_AWARE = Claim(
    name="sam-equal",
    statement=(
        "With a strength equal to its step, $\\gamma = \\varepsilon$, the forward difference's direction is "
        "the gradient after the ascent, $g(\\theta + \\varepsilon g)$: sharpness-aware minimisation, and the "
        "usual normalised one with $\\gamma = \\varepsilon = \\rho / |g|$ at each step (ReLU networks on "
        "Gaussian inputs, in float64)."
    ),
    quantity="largest deviation of an entry, over what rounding allows",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation of an entry, over all weights and seeds, over what two roundings allow, by "
            "kind of ascent",
            "$g_0 + 1 \\, (g_1 - g_0)$ has two roundings, of at most $2^{-53}$ of their result each: "
            "$2^{-53} (|g_1 - g_0| + |g_1|)$, and a hundredth for products of roundings",
        ),
    ),
    control=Control("half the strength at the same step: the least of the seeds' largest deviations"),
    figure="difference-errors",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (ORDER, ANTISYMMETRY, DIRECTION, SHARPNESS_AWARE)
