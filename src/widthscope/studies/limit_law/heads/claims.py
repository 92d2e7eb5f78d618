"""The claims about the number of heads and the head dimension."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, Reported

HEADS = Claim(
    name="heads",
    statement="On fixed tokens many heads recover the Gaussian limit: excess kurtosis and KS distance "
    "fall as 1/H, KL as 1/H².",
    quantity="slope of the logarithm of the excess kurtosis of $y_i$ on log H",
    prediction=-1.0,
    tests=(
        Test(
            name="slope",
            rule=Equals(0.02),
            quantity="slope of the logarithm of the excess kurtosis of $y_i$ on log H",
            margin_reason="a fiftieth of the difference from heads that share their scores, whose slope "
            "is near 0",
        ),
        Test(
            name="exact-width",
            rule=MatchesExact(0.02),
            quantity="excess kurtosis of $y_i$ for each number of heads",
            margin_reason="the Gaussian limit would be off by 100 %; the same resolution as in the claim "
            "non-gaussian",
        ),
        Test(
            name="ks-slope",
            rule=Equals(0.03),
            quantity="slope of the log of the KS distance between limit law and Gaussian on log H, H >= 8 "
            "(computed)",
            margin_reason="terms of higher order in 1/H, below 1 % at H = 8 and falling",
        ),
        Test(
            name="kl-slope",
            rule=Equals(0.03),
            quantity="slope of the log of the KL divergence of the limit law from the Gaussian on log H, "
            "H >= 8 (computed)",
            margin_reason="terms of higher order in 1/H, about 1 % at H = 8 and falling",
        ),
    ),
    control=Control("all heads share one score matrix: more heads then bring no averaging"),
    figure="heads-count",
    shards=("heads-count*",),
)

ORDER_OF_LIMITS = Claim(
    name="order-of-limits",
    statement="On random tokens the limits do not commute: with infinitely many heads at width n the "
    "output is not Gaussian, "
    "its excess kurtosis being C/n from the randomness of the tokens' Gram.",
    quantity="slope of the logarithm of the excess kurtosis on log n with many heads",
    prediction=-1.0,
    tests=(
        Test(
            name="width-slope",
            rule=Equals(0.1),
            quantity="slope of the logarithm of the excess kurtosis on log n with many heads",
            margin_reason="terms of order 1/n² at n = 16 and the limit's own 0.24/H move the slope by "
            "0.02; fixed tokens "
            "have a slope above -0.3",
        ),
        Test(
            name="above-zero",
            rule=Above(0.5, standard_errors=5),
            quantity="n times the excess kurtosis beyond that of the limit law with many heads, extrapolated "
            "to n = ∞, over its predicted limit C",
            margin_reason="half way between a Gaussian many-head limit (0) and the prediction (1), and 5 "
            "standard errors "
            "to spare",
        ),
        Test(
            name="constant",
            rule=Equals(0.15),
            quantity="n times the excess kurtosis beyond that of the limit law with many heads, extrapolated "
            "to n = ∞, over its predicted limit C",
            margin_reason="C is for infinitely many heads; 256 heads add 0.3 %, and the extrapolation "
            "triples the error",
        ),
    ),
    control=Control("fixed tokens, for which many heads are Gaussian at every width"),
    figure="heads-order",
    shards=("heads-order-of-limits*",),
)

LOW_RANK = Claim(
    name="low-rank",
    statement="With head dimension n/H the corrections have two parts: the head dimension governs that of "
    "the heads, the width "
    "that of the tokens' Gram, each as the square of its inverse in the squared distance.",
    quantity="slope of the logarithm of the squared MMD to the limit law on log $d_k$, fixed tokens",
    prediction=-2.0,
    tests=(
        Test(
            name="head-dim",
            rule=Equals(0.2),
            quantity="slope of the logarithm of the squared MMD to the limit law on log $d_k$, fixed tokens",
            margin_reason="0.1 in the rate of the distance itself, as for the rate in the width",
        ),
        Test(
            name="width",
            rule=Equals(0.2),
            quantity="slope of the logarithm of the squared MMD on log n, random tokens, infinite head "
            "dimension",
            margin_reason="0.1 in the rate of the distance itself, as for the rate in the head dimension",
        ),
        Test(
            name="parts-add",
            rule=Below(0.1),
            quantity="squared MMD left when both parts are taken from the layer's deviation, over the whole",
            margin_reason="a tenth of the squared distance; the product of the two corrections is of "
            "second order",
        ),
        Test(
            name="parts",
            rule=Reported(),
            quantity="squared MMD of the layer, of its $d_k$ part and of its n part where $n = H d_k$",
            margin_reason="none: shown for the paper's experiment",
        ),
    ),
    control=Control(
        "the Gaussian limit of many heads (head dimension), growing $d_k$ at fixed n (width), the $d_k$ part "
        "alone (parts)"
    ),
    figure="heads-low-rank",
    shards=("heads-low-rank*",),
)

CLAIMS = (HEADS, ORDER_OF_LIMITS, LOW_RANK)
