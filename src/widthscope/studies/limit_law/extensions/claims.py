"""The claims that go beyond the paper, derived in docs/theory/limit_law.md, 3.7."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, SameLaw

CAUSAL = Claim(
    name="causal",
    statement="Under a causal mask the first token's output is Gaussian in the limit, and excess kurtosis "
    "grows with the position: the i-th token has the law of a sequence of i tokens.",
    quantity="relative deviation of the excess kurtosis at every position from its exact value, pooled",
    prediction=0.0,
    tests=(
        Test(
            name="exact-width",
            rule=MatchesExact(0.05, independent=False),
            quantity="excess kurtosis of one output coordinate at each position and width",
            margin_reason="half of the smallest step between positions, 9 % from the fifth to the sixth "
            "at n = 256",
        ),
        Test(
            name="growth",
            rule=Above(0.0),
            quantity="growth of the excess kurtosis from one position to the next",
            margin_reason="any growth; at n = 256 the steps are between 0.03 and 0.12",
        ),
    ),
    control=Control(
        "no mask (for the values), and a reversed mask, under which early tokens see most (for growth)"
    ),
    figure="extensions-causal",
    shards=("extensions-sequence*",),
)

LENGTH = Claim(
    name="length",
    statement="Excess kurtosis rises with the length of the sequence to a maximum near 32 tokens and "
    "falls beyond, as the exact formula says.",
    quantity="relative deviation of the excess kurtosis from its exact value, pooled over lengths",
    prediction=0.0,
    tests=(
        Test(
            name="exact-width",
            rule=MatchesExact(0.02),
            quantity="excess kurtosis of one output coordinate for each number of tokens",
            margin_reason="half of the fall from 32 to 64 tokens, 4 % at n = 128",
        ),
        Test(
            name="falls-again",
            rule=Above(0.5),
            quantity="relative fall of the excess kurtosis from the length of its maximum to the longest, "
            "over the exact fall",
            margin_reason="half way between no fall (0) and the exact one (1), which is 16 % from 32 to "
            "128 tokens at n = 128",
        ),
    ),
    control=Control("attention to a window of four tokens, whatever the length of the sequence"),
    figure="extensions-length",
    shards=("extensions-sequence*",),
    needs="more draws; the reason gives the factor. For sequences much longer than 128 tokens, where rare "
    "draws "
    "carry the fourth moment, importance sampling",
)

LAYERNORM = Claim(
    name="layernorm",
    statement="Normalising outputs over their channels makes single tokens Gaussian, with excess kurtosis "
    "-6/(n+2), and leaves tokens dependent: the mean of $u_i^2 u_j^2$ tends to 1 + 2 E ρ² and "
    "not to 1 + 2 (E ρ)².",
    quantity="relative deviation of the kurtosis of one normalised coordinate from 3n/(n+2), pooled",
    prediction=0.0,
    tests=(
        Test(
            name="marginals",
            rule=MatchesExact(0.005, independent=False),
            quantity="kurtosis of one coordinate after RMSNorm and after LayerNorm at each width",
            margin_reason="0.015 in the kurtosis, a sixth of the correction 6/(n+2) at n = 64",
        ),
        Test(
            name="mixed-moment",
            rule=Equals(0.03),
            quantity="mean of $u_i^2 u_j^2$ times (n+2)/n for two tokens at the largest two widths",
            margin_reason="a third of the difference between 1 + 2 E ρ² = 1.9947 and 1 + 2 (E ρ)² = "
            "1.9000 for four tokens",
        ),
    ),
    control=Control(
        "outputs that are not normalised (for single tokens), and Gaussian tokens with the same mean "
        "correlation (for two tokens)"
    ),
    figure="extensions-layernorm",
    shards=("extensions-stack*",),
)

DEPTH = Claim(
    name="depth",
    statement="A stack of layers is a chain of Gram matrices: exact at every width, with a limit chain "
    "that it approaches as 1/n in every layer, the more slowly the deeper.",
    quantity="largest KS distance between the chain and stacks with all weights drawn",
    prediction=0.0,
    tests=(
        Test(
            name="exact-chain",
            rule=SameLaw(0.06),
            quantity="KS distances between the chain and stacks with all weights of two layers, for three "
            "blocks",
            margin_reason="what 20,000 stacks in each way exclude, 0.035, and room for chance; the limit "
            "chain is up to 0.55 away at width 12",
        ),
        Test(
            name="rate",
            rule=Equals(0.25),
            quantity="exponent α of the gap $n^{-α}$ between the excess kurtosis of $y_i$ and its limit, in "
            "every layer from the second on",
            margin_reason="half of the difference from a rate of 1/√n",
        ),
        Test(
            name="growth",
            rule=Above(4.5),
            quantity="growth per layer of n times the excess kurtosis, once tokens are parallel",
            margin_reason="half of the growth 6 + 6/H = 9 predicted for two heads; separate layers have none",
        ),
        Test(
            name="correlation",
            rule=Equals(0.02),
            quantity="mean token correlation after each layer at the largest width, less that of the "
            "limit chain",
            margin_reason="half of the distance 0.04 of uniform attention with skip and normalisation",
        ),
    ),
    control=Control(
        "the limit chain in the exact one's place; the limit law of a single layer in every layer's place "
        "(rate); layers that hand nothing on (growth); uniform attention (correlation)"
    ),
    figure="extensions-depth",
    shards=("extensions-stack*",),
)

UNIVERSALITY = Claim(
    name="universality",
    statement="Weights need not be Gaussian: random signs and uniform weights approach the same limit law.",
    quantity="excess kurtosis from the conditional variances, over its exact value for Gaussian weights",
    prediction=1.0,
    tests=(
        Test(
            name="kurtosis",
            rule=Equals(0.15),
            quantity="excess kurtosis from the conditional variances, over its exact value for Gaussian "
            "weights",
            margin_reason="the law of the weights may add to the correction of order 1/n, which is 46 % "
            "of the value at n = 32: a third of it",
        ),
        Test(
            name="distance",
            rule=Below(1.5),
            quantity="KS distance of one output coordinate from the limit law, over its exact value for "
            "Gaussian weights",
            margin_reason="as near the limit as Gaussian weights at two thirds of the width",
        ),
    ),
    control=Control(
        "sparse weights of the same mean and variance, one in n not zero: sums of them are not Gaussian "
        "in the limit"
    ),
    figure="extensions-weights",
    shards=("extensions-weights*",),
    needs="more draws, each of n² weights; the reason gives the factor. Larger widths would show the "
    "weights' own "
    "correction vanish",
)

CLAIMS = (CAUSAL, LAYERNORM, LENGTH, DEPTH, UNIVERSALITY)
