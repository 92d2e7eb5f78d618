"""The claims on readouts that start at zero, and on the solves, with their margins."""

from math import log2

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("zero-init*",)
RATIO = 3.0

REGRESSION = Claim(
    name="zero-init-one-step-is-kernel-regression",
    statement=(
        "With a readout that starts at zero, one K-FAC step with rate 1 and $B_L = I$ is ridge regression "
        "with the kernel of the last activities, $f(x) = K(x, X)(K(X, X) + N\\rho_A I)^{-1} y$."
    ),
    quantity="largest deviation of an output from that regression, in units of $10^{-10}$",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation of an output after the step from the regression, over images, classes and "
            "seeds, over $10^{-10}$, by width",
            "rounding in float64 is worth some $10^{-14}$; a wrong damping or wrong targets, a thousandth "
            "and more",
        ),
    ),
    control=Control("regression with half the damping, and with the targets of other images: the least"),
    figure="zero-init-first-step",
    shards=SHARDS,
)

RATE = Claim(
    name="zero-init-nngp-rate",
    statement=(
        "As the width grows that first step approaches ridge regression with the arc-cosine kernel of the "
        "infinitely wide network, at the rate $M^{-1/2}$."
    ),
    quantity="slope of $\\log_2$ of the root mean square distance on $\\log_2 M$, from M = 256",
    prediction=-0.5,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope of the distance on images that were not trained on, from M = 256",
            "half the spacing, 1/4, of the exponents in question; corrections of order 1/M are left out with "
            "the smaller widths",
        ),
        Test(
            "all-widths",
            Reported(),
            "the same over all widths",
            "none: how far corrections bend it",
        ),
    ),
    control=Control("the limit's predictor of permuted targets, which nothing approaches"),
    figure="zero-init-first-step",
    shards=SHARDS,
)

FEATURES = Claim(
    name="zero-init-first-step-no-features",
    statement=(
        "With a readout that starts at zero the first K-FAC step moves no feature at all, whereas from a "
        "small random readout it moves them by order one."
    ),
    quantity="largest change of a feature by the first step, in units of $10^{-10}$",
    prediction=0.0,
    tests=(
        Test(
            "moved",
            Below(1.0),
            "largest change of $h_1$ and $h_2$ over images, units and seeds, over $10^{-10}$, by width",
            "no signal passes a readout of zeros, and the change is 0 to the last digit; a random readout's "
            "is of order one, for K-FAC divides by the signals' size",
        ),
        Test(
            "random-readout",
            Reported(),
            "root mean square change of $h_1$ and $h_2$ by the same step from a random readout",
            "none: what the step does to features otherwise",
        ),
    ),
    control=Control("a random readout with the maximal-update scale $\\sigma_L = 0.1$: the least change"),
    figure="zero-init-first-step",
    shards=SHARDS,
)

BIAS = Claim(
    name="zero-init-nngp-bias",
    statement=(
        "At small damping a network whose readout starts at zero is still near the kernel regression of its "
        "initial weights after 20 updates, at least three times nearer than one with a random "
        "readout. The two starts differ in the schedule too: from zeros the first update has rate 1, all "
        "others have 0.2. Task, width, dampings, rate and number of updates are exploratory, those "
        "in which the effect was first seen; all seeds learn one draw of the task."
    ),
    quantity=(
        "$\\log_2$ of the ratio of the distances from the initial kernel's regression, random readout over "
        "zeros"
    ),
    prediction=None,
    tests=(
        Test(
            "ratio",
            Above(log2(RATIO)),
            "$\\log_2$ of the ratio of the trained outputs' distances from the initial kernel's regression, "
            "random readout over zeros, of the same hidden weights, at small damping",
            "a ratio of 3 was fixed beforehand: well above 1, which holds where both leave the kernel",
        ),
        Test(
            "features",
            Reported(),
            "$\\log_2$ of the ratio of the changes of $h_2$",
            "none: that the features stay is how the outputs do",
        ),
        Test(
            "distances",
            Reported(),
            "relative distance from the initial kernel's regression, by readout and damping",
            "none: what the ratio is made of; at large damping both starts leave the kernel",
        ),
    ),
    control=Control("a damping of $\\rho'_A = 10^{-2}$ in place of $10^{-4}$, far from interpolation"),
    figure="zero-init-bias",
    shards=SHARDS,
)

DUAL = Claim(
    name="software-dual-equals-primal",
    statement=(
        "K-FAC's and Shampoo's updates by solves in the space of the batch are those by the factors "
        "themselves, for every power of the factors and for factors of other signals."
    ),
    quantity="largest difference of an entry over the largest entry, in units of $10^{-10}$",
    prediction=0.0,
    tests=(
        Test(
            "difference",
            Below(1.0),
            "largest difference of an entry of the update over its largest entry and $10^{-10}$, by rule, "
            "powers and shape, at dampings of 0.1 and 0.0001 of the trace",
            "rounding is worth $10^{-15}$ times the condition number, $10^4$ at most; a wrong damping, a "
            "hundredth and more",
        ),
    ),
    control=Control("the factors themselves with twice the damping: the draw at which it shows least"),
    figure="software-dual",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (REGRESSION, RATE, FEATURES, BIAS, DUAL)
