"""The claims about token Grams that are not the identity."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, SameLaw

RELU_GRAM = Claim(
    name="relu-gram",
    statement="On ReLU tokens the limit law is that of the Gram $K = aI + b 11^T$ with a = 1/2 - 1/(2π), "
    "b = 1/(2π).",
    quantity="largest KS distance of one output coordinate from its exact limit law, at the large widths",
    prediction=0.0,
    tests=(
        Test(
            name="limit",
            rule=SameLaw(0.03),
            quantity="KS distance of $y_1$ from its exact limit law, at the large widths",
            margin_reason="half of the distance 0.067 between the limit laws for this K and for K = I/2, "
            "four tokens",
        ),
        Test(
            name="variance",
            rule=Equals(0.005),
            quantity="mean of $y^2$, extrapolated to n = ∞",
            margin_reason="2 % of the exact limit 0.25477 for four tokens; K = I/2 would give 0.147",
        ),
        Test(
            name="exact-width",
            rule=SameLaw(0.05),
            quantity="KS distances of $y_1$, $y_1 - y_2$ and $y_1 y_2$ between layers with all weights, "
            "tokens' "
            "included, and the sampler at the same width",
            margin_reason="less than half of the distances 0.13 and 0.14 of differences and products from "
            "the law for K = I/2; at n = 64 the limit law itself is still 0.02 away, so it is not what is "
            "compared with",
        ),
    ),
    control=Control(
        "the limit law for K = I/2, whose scores are independent, in the place of the tokens' own"
    ),
    figure="tokens-relu",
    shards=("tokens-relu*",),
    needs="more draws; the reason gives the factor",
)

DATA_GRAM = Claim(
    name="data-gram",
    statement="With data as tokens the law of the outputs is predicted by the Gram of the tokens alone.",
    quantity="slope of measured on predicted variance of the outputs, over all tokens of the images",
    prediction=1.0,
    tests=(
        Test(
            name="variance-slope",
            rule=Equals(0.02),
            quantity="slope of measured on predicted variance of the outputs, over all tokens of the images",
            margin_reason="the correction of order 1/n is below 1/256; 2 % is five times that",
        ),
        Test(
            name="kurtosis-slope",
            rule=Equals(0.02),
            quantity="slope of measured on predicted excess kurtosis of the outputs, likewise",
            margin_reason="the correction of order 1/n, 6/256 for all tokens, moves the intercept and "
            "hardly the slope; a Gaussian prediction would have none",
        ),
        Test(
            name="variance-error",
            rule=Below(0.01),
            quantity="root mean square relative error of the predicted variance",
            margin_reason="a tenth of the error 0.1 of uniform attention on such images, and above 1/256",
        ),
    ),
    control=Control("the Grams of other images (slopes), and uniform attention (error)"),
    figure="tokens-images",
    shards=("tokens-digits*",),
)

JOINT_GRAM = Claim(
    name="joint-gram",
    statement="With correlated tokens the joint law needs scores with covariance K⊗K; laws with a wrong "
    "dependence between queries show in differences of tokens, and not in single tokens.",
    quantity="largest KS distance between the finite layer and the limit law, over single tokens, "
    "differences and a product",
    prediction=0.0,
    tests=(
        Test(
            name="limit",
            rule=SameLaw(0.04),
            quantity="KS distances between the finite layer and the limit law, five functionals",
            margin_reason="a fifth of 0.20, the smallest distance between the limit and the wrong laws in "
            "a difference of tokens of one image (docs/theory/limit_law.md, 4)",
        ),
        Test(
            name="wrong-laws",
            rule=Above(0.08),
            quantity="KS distances between the finite layer and each wrong law, in differences of two tokens",
            margin_reason="twice the margin of the limit law, so that no law passes for both; five times "
            "the 0.016 at which 100,000 draws in each law give p = 1e-10",
        ),
        Test(
            name="single-tokens",
            rule=SameLaw(0.04),
            quantity="KS distances of single tokens between the finite layer and the laws whose score "
            "rows are right one at a time",
            margin_reason="the margin of the limit law: single tokens cannot tell these laws from it",
        ),
    ),
    control=Control(
        "the wrong laws in differences of tokens (for the limit and for single tokens), and the limit law "
        "in the place of the wrong ones"
    ),
    figure="tokens-joint",
    shards=("tokens-digits*",),
)

CLAIMS = (RELU_GRAM, DATA_GRAM, JOINT_GRAM)
