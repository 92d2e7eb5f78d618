"""The claims on one update, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Equals, Reported

SHARDS = ("onestep*",)
MARGIN = 0.125
REASON = (
    "half the spacing, 1/4, of the exponents that rival parameterisations give: a slope is told from its "
    "nearest rival"
)

EXPONENTS = Claim(
    name="onestep-exponents",
    statement=(
        "One update of one layer changes what the layer puts out by a power of the width that the powers of "
        "both factors, of the rates and of the readout's scale determine, for gradient descent, K-FAC, FOOF "
        "and Shampoo; with the maximal-update exponents that power is 0 in every layer. The change of f by "
        "the readout's own update is not judged where the readout's own signals precondition it, in Shampoo "
        "with $e = 1/2$ and K-FAC with an empirical $B_L$: its slope is about -0.12 there, and is reported. "
        "That departs from what was planned beforehand, to judge all entries."
    ),
    quantity="slope of $\\log_2$ of the root mean square change on $\\log_2 M$, by method and layer",
    prediction=0.0,
    tests=(
        Test(
            "maximal-update",
            Equals(MARGIN),
            "slope of the direct change of each layer's output, maximal-update exponents, by method",
            REASON,
        ),
        Test(
            "standard",
            Equals(MARGIN),
            "the same with one rate for all layers and widths and $b_L = 1/2$, less the formula's",
            REASON,
        ),
        Test(
            "neural-tangent",
            Equals(MARGIN),
            "the same with the neural-tangent exponents where these are not the standard ones",
            REASON,
        ),
        Test(
            "through-the-readout",
            Equals(MARGIN),
            "slope of the output's change by an update of $W_2$, to first order in the rate",
            REASON,
        ),
        Test(
            "null-direction",
            Reported(),
            "slope of f where the readout's signals themselves precondition: Shampoo with $e = 1/2$, and "
            "K-FAC with an empirical factor",
            "none: targets that add up to zero leave these signals a direction that f(0) alone fills, and it "
            "falls as $M^{-1/2}$",
        ),
        Test(
            "large-outputs",
            Reported(),
            "slopes with $\\sigma_L = 1$, where f(0) is as large as the targets at the base width",
            "none: the residual then shrinks with the width",
        ),
        Test(
            "smallest-width-left-out",
            Reported(),
            "slopes without the smallest width, maximal-update exponents",
            "none: how far slopes still drift",
        ),
    ),
    control=Control(
        "signs of $c_1$ and $c_L$ flipped, gradient descent's exponents for K-FAC and Shampoo, and standard "
        "exponents, held against 0 (maximal-update); gradient descent's formula for other methods "
        "(standard); the standard formula (neural-tangent); standard exponents (through-the-readout)"
    ),
    figure="onestep-slopes",
    shards=SHARDS,
)

GENERAL = Claim(
    name="onestep-general-ea-eb",
    statement=(
        "The same formula holds for other powers of K-FAC's two factors, $(e_A, e_B)$ = (1/2, 1/2), "
        "(1/4, 3/4) and (0, 1)."
    ),
    quantity="slope of $\\log_2$ of the root mean square change on $\\log_2 M$, by powers and layer",
    prediction=0.0,
    tests=(
        Test(
            "maximal-update",
            Equals(MARGIN),
            "slope of the direct change of each layer's output, maximal-update exponents, by powers",
            REASON,
        ),
        Test(
            "standard",
            Equals(MARGIN),
            "the same with one rate for all layers and widths and $b_L = 1/2$, less the formula's",
            REASON,
        ),
        Test(
            "null-direction",
            Reported(),
            "slope of f with an empirical factor of the readout",
            "none: see onestep-exponents",
        ),
    ),
    control=Control(
        "K-FAC's exponents, all zero, in place of these (maximal-update), and K-FAC's formula (standard)"
    ),
    figure="onestep-slopes",
    shards=SHARDS,
)

LAZY = Claim(
    name="kfac-sp-is-lazy",
    statement=(
        "K-FAC with one rate for all widths is stable for every scale of the readout, and with $b_L = 1/2$ "
        "it is lazy: features move as $M^{-1/2}$ and the output by order one."
    ),
    quantity="slope of the change of $h_1$ and $h_2$ on the width at $b_L = 1/2$",
    prediction=-0.5,
    tests=(
        Test("features", Equals(MARGIN), "slope of the change of $h_1$ and $h_2$ at $b_L = 1/2$", REASON),
        Test(
            "output", Equals(MARGIN), "slope of the change of f by $W_3$ and by $W_2$ at $b_L = 1/2$", REASON
        ),
        Test(
            "any-readout",
            Equals(MARGIN),
            "slopes at $b_L$ = 3/4 and 1: of $h_1$ and $h_2$ less $b_L - 1$, of f less 0",
            REASON,
        ),
    ),
    control=Control(
        "$b_L = 1$ held against $-1/2$ (features), gradient descent with standard exponents (output), and "
        "both (any-readout)"
    ),
    figure="onestep-slopes",
    shards=SHARDS,
)

HEURISTIC = Claim(
    name="damping-heuristic-fails",
    statement=(
        "With the usual heuristic for K-FAC's damping the first layer's update vanishes as the width grows, "
        "even with the maximal-update exponents, while hidden layers happen to be right."
    ),
    quantity="slope of the change of $h_1$ on the width under the heuristic",
    prediction=-1.0,
    tests=(
        Test(
            "first-layer",
            Below(-0.5),
            "slope of the change of $h_1$ under the heuristic, by strength of the damping",
            "half of the slope $-1$ that is reached once the damping exceeds the factor; 0 with a damping "
            "that follows the factor",
        ),
        Test("hidden-layer", Equals(MARGIN), "slope of the change of $h_2$ under the heuristic", REASON),
        Test(
            "readout",
            Reported(),
            "slope of the change of f by $W_3$ under the heuristic",
            "none: its damping is M times too small, which leaves a bounded transient",
        ),
    ),
    control=Control(
        "damping relative to the traces, and with the right powers of the width (first-layer); constant "
        "damping (hidden-layer)"
    ),
    figure="onestep-damping",
    shards=SHARDS,
)

CONST = Claim(
    name="damping-const-fails",
    statement=(
        "With the same damping at all widths K-FAC's updates of the first and of hidden layers vanish as the "
        "width grows, even with the maximal-update exponents."
    ),
    quantity="slope of the change of $h_1$ and $h_2$ on the width under constant damping",
    prediction=-1.0,
    tests=(
        Test(
            "both-layers",
            Below(-0.25),
            "slope of the change of $h_1$ and $h_2$ under constant damping, by strength",
            "a quarter of the slope $-1$ reached once the damping exceeds the signals' factor, less a "
            "positive transient from that of the inputs; 0 with the right powers",
        ),
    ),
    control=Control("damping with the right powers of the width, as strong at the base width"),
    figure="onestep-damping",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (EXPONENTS, GENERAL, LAZY, HEURISTIC, CONST)
