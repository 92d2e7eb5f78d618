"""The claims on gradients of predictive coding, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("gradients",)
HALF_SPACING = "a quarter of 1/2, by which rival exponents differ: half of the way to the middle between two"
SWEEPS = "more sweeps of the inference where a network's residual did not fall below 1e-4"

FIRST_ORDER_LIMIT = Claim(
    name="pc-first-order-limit",
    statement=(
        "With the standard weight of the output's energy, $\\gamma_L$ of order one, the gradient of "
        "predictive coding at its equilibrium becomes $\\gamma_L$ times that of back-propagation at large "
        "width: their relative difference falls as $1/M$. The base width is 2, where the study's notes have "
        "8, and linear networks are judged on their four largest widths: both keep networks far from the "
        "limit out of the slopes, and were chosen at other seeds."
    ),
    quantity="slope of the relative difference of all weights' gradients on the four largest widths, linear "
    "networks",
    prediction=-1.0,
    tests=(
        Test(
            "linear",
            Equals(0.125),
            "slope of the relative difference of all weights' gradients on the four largest widths, linear "
            "networks, by depth",
            HALF_SPACING,
        ),
        Test(
            "tanh",
            Equals(0.125),
            "the same by layer, three layers with tanh, equilibrium by iteration",
            HALF_SPACING,
        ),
        Test(
            "drift",
            Reported(),
            "the slopes with every width (linear) and without the narrowest (tanh)",
            "none: how far these widths are from the limit",
        ),
    ),
    control=Control("$\\gamma_L$ growing as M, whose limit is not of first order, judged as if it were"),
    figure="pc-gradients",
    shards=SHARDS,
    needs=SWEEPS,
)

GENERAL_RATE = Claim(
    name="pc-first-order-rate-general",
    statement=(
        "Between the two ends the distance from back-propagation falls at the rate "
        "$\\min(0, 1 - 2 b_L - \\bar\\gamma_L)$: with $b_L = 1$ and $\\bar\\gamma_L = -1/2$ as $M^{-1/2}$, "
        "in every layer."
    ),
    quantity="slope of the relative difference of a layer's gradients on the width, tanh",
    prediction=-0.5,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope of the relative difference of each layer's gradients on the width, tanh, "
            "$\\bar\\gamma_L = -1/2$",
            HALF_SPACING,
        ),
        Test(
            "drift",
            Reported(),
            "the slopes without the narrowest networks",
            "none: how far these widths are from the limit",
        ),
    ),
    control=Control("$\\bar\\gamma_L = -1$, whose rate is 0"),
    figure="pc-gradients",
    shards=SHARDS,
    needs=SWEEPS,
)

SINGLE_PASS = Claim(
    name="pc-si-hidden-not-bp",
    statement=(
        "After a single inference pass the first layer's gradient is exactly $\\gamma_L$ times that of "
        "back-propagation, but the hidden layer's, in networks of three layers, stays away from it at every "
        "width; the last one's approaches it as $1/M$ with $\\gamma_L$ of order one, and does not with "
        "$\\gamma_L$ growing as M."
    ),
    quantity="slope of the relative difference of the hidden layer's gradients on the width",
    prediction=0.0,
    tests=(
        Test(
            "hidden",
            Equals(0.125),
            "slope of the relative difference of the hidden layer's gradients on the width, by arm",
            HALF_SPACING,
        ),
        Test(
            "level",
            Above(0.25),
            "relative difference of the hidden layer's gradients at the largest width, by arm",
            "0.7 is expected, and less than 0.1 of a gradient that tends to back-propagation's",
        ),
        Test(
            "first",
            Below(1e-12),
            "largest relative difference of the first layer's gradients over widths and seeds, by arm",
            "rounding errors of 64-bit numbers are below; any other effect is far above",
        ),
        Test(
            "last",
            Equals(0.125),
            "slope of the relative difference of the last layer's gradients on the width, standard arm",
            HALF_SPACING,
        ),
    ),
    control=Control(
        "the hidden layer at the equilibrium (hidden, level), the hidden layer in place of the first one "
        "(first), and $\\gamma_L$ growing as M (last)"
    ),
    figure="pc-gradients",
    shards=SHARDS,
)

NOT_FIRST_ORDER = Claim(
    name="pc-not-first-order",
    statement=(
        "Where $\\gamma_L W_L W_L^\\top$ stays of order one, by $\\gamma_L$ growing as M or by a readout of "
        "standard size ($b_L = 1/2$), predictive coding at its equilibrium is not a first-order method at "
        "any width."
    ),
    quantity="slope of the relative difference of all weights' gradients on the width",
    prediction=0.0,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope of the relative difference of all weights' gradients on the width",
            HALF_SPACING,
        ),
        Test(
            "level",
            Above(0.25),
            "relative difference of all weights' gradients at the largest width",
            "about one half is expected, and below 0.1 of what tends to back-propagation",
        ),
    ),
    control=Control("the standard weight of the output's energy with $b_L = 1$"),
    figure="pc-gradients-linear",
    shards=SHARDS,
    needs=SWEEPS,
)

AFTER_TRAINING = Claim(
    name="pc-stays-after-training",
    statement=(
        "Learning features does not undo the first-order limit: at weights that gradient descent in its "
        "maximal-update parameterisation has trained, the relative difference still falls as $1/M$. That is "
        "judged at a small learning rate and on the four largest widths, in the laptop's run from 128. Both "
        "were settled on this slope at other seeds, and the verdict at seed 0 had been seen once; at four "
        "times that rate, or with narrower networks, the slope is nearer $-0.9$, with both nearer $-0.8$."
    ),
    quantity="slope of the relative difference of all weights' gradients on the four largest widths, after "
    "training",
    prediction=-1.0,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope of the relative difference of all weights' gradients on the four largest widths, linear "
            "networks after training",
            HALF_SPACING,
        ),
        Test(
            "drift",
            Reported(),
            "the slope with every width, with the four largest and without the smallest of these, at the "
            "learning rate that is judged and at a larger one",
            "none: how far these widths and rates are from the limit",
        ),
        Test(
            "loss",
            Reported(),
            "loss after training over that before, by width",
            "none: that there was something to learn",
        ),
    ),
    control=Control("$\\gamma_L$ growing as M, at the same trained weights"),
    figure="pc-gradients-linear",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (FIRST_ORDER_LIMIT, GENERAL_RATE, SINGLE_PASS, NOT_FIRST_ORDER, AFTER_TRAINING)
