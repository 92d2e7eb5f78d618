"""The claims of the family `limits`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Reported

SHARDS = ("limits*",)
HALFWAY = (
    "halfway between -1, of a term that is right to its order, and 0, of one that is not: what is left is "
    "then of order 1"
)

CUBIC = Claim(
    name="h1-cubic",
    statement=(
        "With one head in one layer, equal widths, unit variances, fewer examples than inputs and "
        "temperature zero the minimum of the action is $u = s$ and $U = s^2$, where $s$ is the positive root "
        "of $s^3 + (P/N - 1)\\, s^2 - (P/N)\\, r_0 = 0$ and "
        "$r_0 = y^\\top C^{-1} y / P$."
    ),
    quantity="largest relative deviation of $u$ and $U$ from the cubic's root, in units of $10^{-6}$",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest relative deviation of $u$ from $s$ and of $U$ from $s^2$ over data sets, over "
            "$10^{-6}$, by width",
            "an identity: only what the minimiser leaves is left, far below $10^{-6}$; other labels change "
            "the root by a hundredth and more",
        ),
        Test(
            "starts",
            Reported(),
            "largest spread of $S / N$ over data sets, over $10^{-6}$, of minima from infinite width and "
            "from random starts over two decades of scale: two layers of two heads at the smallest width",
            "none: more than the minimiser's tolerance would mean several minima",
        ),
    ),
    control=Control("the cubic of the same examples with permuted labels: the least deviation"),
    figure="h1-cubic",
    shards=SHARDS,
)

LIMIT = Claim(
    name="gp-limit",
    statement=(
        "As equal widths grow at a fixed number of examples and unit variances, order parameters and "
        "predictor approach those of the Gaussian process, with first corrections $X/N$ that are known in "
        "closed form: $N (U - I) \\to X$, and $N$ times the predictor's shift tends to what $X$ makes of it."
    ),
    quantity="slope of the log relative gap between $N (U - I)$ and $X$ on $\\log N$",
    prediction=-1.0,
    tests=(
        Test(
            "order",
            Below(-0.5),
            "slope of $\\log (\\|N (U - I) - X\\| / \\|X\\|)$ on $\\log N$",
            HALFWAY,
        ),
        Test(
            "predictor",
            Below(-0.5),
            "slope of the log relative gap between $N$ times the shift of the predictor's mean and its limit",
            HALFWAY,
        ),
        Test(
            "distance",
            Reported(),
            "slopes of $\\log \\|U - I\\|$ and of the log of the predictor's shift on $\\log N$",
            "none: -1 in the limit, and what higher orders bend it to at these widths",
        ),
        Test(
            "gap",
            Reported(),
            "relative gaps at the largest width, by what is expanded and by the term",
            "none: what the slopes lead to",
        ),
    ),
    control=Control("the term without its part $-\\mathrm{tr}(E')\\, I$, common to all paths"),
    figure="gp-limit",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (CUBIC, LIMIT)
