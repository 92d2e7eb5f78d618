"""The claims about the Gaussian mixture that the outputs follow."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Equals, MatchesExact

NON_GAUSSIAN = Claim(
    name="non-gaussian",
    statement="One output coordinate stays non-Gaussian as the width grows: its excess kurtosis tends to "
    "(3/H) c > 0.",
    quantity="relative deviation of the excess kurtosis of $y_i$ from its exact value at each width, pooled",
    prediction=0.0,
    tests=(
        Test(
            name="exact-width",
            rule=MatchesExact(0.02),
            quantity="excess kurtosis of one output coordinate at each width n, heads H and tokens s",
            margin_reason="the Gaussian limit would be off by 100 %; 2 % also resolves the correction of "
            "order 1/n "
            "up to n = 1024 (2.8 % there)",
        ),
        Test(
            name="limit",
            rule=Above(0.5, standard_errors=5),
            quantity="excess kurtosis extrapolated to n = ∞, as a fraction of its exact limit (3/H) c",
            margin_reason="half way between a Gaussian limit (0) and the mixture (1), and 5 standard "
            "errors to spare",
        ),
    ),
    control=Control("identical tokens, $K = 11^T$: attention has no effect, and the limit law is Gaussian"),
    figure="mixture-kurtosis",
    shards=("mixture-kurtosis*",),
)

TOKEN_DIFFERENCE = Claim(
    name="token-difference",
    statement="Across tokens the law is far less Gaussian: the difference of two tokens' outputs has several "
    "times the excess kurtosis of one token (for four orthonormal tokens 1.927/H, eight times).",
    quantity="H times the excess kurtosis of $y_i - y_j$, extrapolated to n = ∞",
    prediction=None,
    tests=(
        Test(
            name="limit",
            rule=Equals(0.1),
            quantity="H times the excess kurtosis of $y_i - y_j$, extrapolated to n = ∞",
            margin_reason="5 % of 1.927, predicted for four tokens; tokens of independent layers would "
            "give 0.12",
        ),
        Test(
            name="exceeds-token",
            rule=Above(1.0, standard_errors=5),
            quantity="excess kurtosis of $y_i - y_j$ over that of $y_i$, in the same draws",
            margin_reason="a ratio of 1 is no excess; the limit predicts 7.9 for four tokens, independent "
            "layers 0.5",
        ),
    ),
    control=Control("two tokens of independent layers, with the same law each"),
    figure="mixture-difference",
    shards=("mixture-kurtosis*",),
)

CONDITIONAL_GAUSSIAN = Claim(
    name="conditional-gaussian",
    statement="Given the scores, outputs are Gaussian in the limit, and given scores and values they are "
    "so at every width.",
    quantity="relative deviation of the kurtosis of $y_i$, divided by its deviation given the scores, from "
    "its exact value, pooled",
    prediction=0.0,
    tests=(
        Test(
            name="given-scores",
            rule=MatchesExact(0.01),
            quantity="kurtosis of $y_i$ divided by its deviation given the scores, at each width",
            margin_reason="0.03 in the kurtosis, an eighth of what the mixture adds in the limit for one "
            "head and four tokens (0.243)",
        ),
        Test(
            name="given-values",
            rule=MatchesExact(0.01),
            quantity="kurtosis of $y_i$ divided by its deviation given scores and values, at each width",
            margin_reason="0.03 in the kurtosis, an eighth of what the mixture adds in the limit for one "
            "head and four tokens (0.243)",
        ),
    ),
    control=Control("the raw output $y_i$, not divided by its conditional deviation"),
    figure="mixture-normalised",
    shards=("mixture-coordinates*",),
)

NON_SELF_AVERAGING = Claim(
    name="non-self-averaging",
    statement="Averages over coordinates stay random: the variance of $|y_i|^2/n$ tends to that of "
    "$Σ_{ii}$ and "
    "not to 0, and $|y_i|^2/n$ to $Σ_{ii}$ itself.",
    quantity="variance of $|y_i|^2/n$ extrapolated to n = ∞, over the exact variance of $Σ_{ii}$",
    prediction=1.0,
    tests=(
        Test(
            name="limit",
            rule=Equals(0.1),
            quantity="variance of $|y_i|^2/n$ extrapolated to n = ∞, over the exact variance of $Σ_{ii}$",
            margin_reason="a self-averaging layer would give 0; a tenth of the effect counts as agreement",
        ),
        Test(
            name="plateau",
            rule=Above(-0.5),
            quantity="slope of the log of the variance of $|y_i|^2/n$ on log n, at the large widths",
            margin_reason="half way between a plateau (0) and the law of large numbers (-1)",
        ),
        Test(
            name="exact-width",
            rule=MatchesExact(0.03),
            quantity="variance of $|y_i|^2/n$ at each width",
            margin_reason="resolves the difference between n = 1024 and the limit (5 %)",
        ),
        Test(
            name="regression",
            rule=Equals(0.05),
            quantity="slope of the regression of $|y_i|^2/n$ on $Σ_{ii}$",
            margin_reason="no relation would give 0; a twentieth of the effect counts as agreement",
        ),
        Test(
            name="explained",
            rule=MatchesExact(0.02),
            quantity="share R² of the variance of $|y_i|^2/n$ that $Σ_{ii}$ explains",
            margin_reason="resolves its growth from n = 1024 to 4096 (from 0.95 to 0.99)",
        ),
        Test(
            name="explained-increases",
            rule=Above(0.0),
            quantity="growth of R² from one width to the next",
            margin_reason="any growth; from n = 1024 to 4096 it is still 0.04",
        ),
    ),
    control=Control(
        "scores frozen at their mean (for the variance), and $Σ_{ii}$ of another draw (for the regression)"
    ),
    figure="mixture-norm",
    shards=("mixture-coordinates*",),
)

COORDINATE_DEPENDENCE = Claim(
    name="coordinate-dependence",
    statement="Coordinates of one output vector are uncorrelated but dependent: their squares are "
    "correlated, also in the limit.",
    quantity="relative deviation of corr($y_α^2$, $y_β^2$) from its exact value at each width, pooled",
    prediction=0.0,
    tests=(
        Test(
            name="exact-width",
            rule=MatchesExact(0.03),
            quantity="corr($y_α^2$, $y_β^2$) of two coordinates of one token",
            margin_reason="independent coordinates would be off by 100 %; 3 % resolves the correction of "
            "order 1/n at n = 256",
        ),
        Test(
            name="fraction-of-exact",
            rule=Above(0.5, standard_errors=5),
            quantity="corr($y_α^2$, $y_β^2$) as a fraction of its exact value",
            margin_reason="half way between independence (0) and the mixture (1), and 5 standard errors "
            "to spare",
        ),
        Test(
            name="linear",
            rule=MatchesExact(0.002),
            quantity="corr($y_α$, $y_β$) against 0",
            margin_reason="a tenth of the correlation 0.019 of squares in the limit for two heads and four "
            "tokens",
        ),
    ),
    control=Control(
        "coordinates of two different draws (for the squares), and the squares themselves (for the linear "
        "correlation)"
    ),
    figure="mixture-squares",
    shards=("mixture-coordinates*",),
)

CLAIMS = (
    NON_GAUSSIAN,
    TOKEN_DIFFERENCE,
    CONDITIONAL_GAUSSIAN,
    NON_SELF_AVERAGING,
    COORDINATE_DEPENDENCE,
)
