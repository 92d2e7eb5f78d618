"""The claims on samplers and scores, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals, MatchesExact, SameLaw

EXACT_SAMPLER = Claim(
    name="exact-sampler",
    statement="Bartlett factors drawn in place of weights give exactly the law of the finite layer.",
    quantity="largest KS distance between the two samplers, over 3 layer shapes and 8 statistics",
    prediction=0.0,
    tests=(
        Test(
            "marginal-laws",
            SameLaw(margin=0.02),
            "two-sample KS distances of single tokens, products, differences, squares of two coordinates, "
            "and norms",
            "the same statistics of the limit law are up to 0.1 away; 200,000 draws exclude 0.02",
        ),
        Test(
            "joint-law",
            Equals(margin=0.1),
            "squared distance of joint characteristic functions (4 tokens, 2 coordinates) from full weights,"
            " in units of that of the limit law",
            "a tenth of the squared distance to the limit law, the nearest law to be mistaken for",
        ),
    ),
    control=Control("the limit law in place of the Bartlett sampler, at the same widths"),
    figure="exact-sampler",
    shards=("scores-sampler",),
    needs="more draws: the distance that they exclude falls as one over the root of their number",
)

SCORE_COVARIANCE = Claim(
    name="score-covariance",
    statement="At every width, scores have covariance K⊗K within a head and none across heads.",
    quantity="relative deviation of the 136 covariances of one head's scores from K⊗K, pooled",
    prediction=0.0,
    tests=(
        Test(
            "within-heads",
            MatchesExact(margin=0.02, independent=False),
            "covariances of the scores of four tokens within a head, over heads and widths",
            "2% of the standard deviations: K of the four tokens differs from I by tens of percent",
        ),
        Test(
            "mean-square-deviation",
            Equals(margin=0.4),
            "mean square of the standardised deviations of all covariances within and across heads",
            "inside 1 ± 0.43 for its root, which is five standard errors, 5/√136, for 136 deviations",
        ),
    ),
    control=Control("independent standard normal scores (within), one score matrix for both heads (across)"),
    figure="score-covariance",
    shards=("scores-law",),
)

SCORE_GAUSSIAN = Claim(
    name="score-gaussian",
    statement="Scores become Gaussian at rate 1/n, with the kurtosis and constants of the exact law.",
    quantity="relative deviation of the entries' excess kurtosis from 6/n, pooled over widths",
    prediction=0.0,
    tests=(
        Test(
            "entry-kurtosis",
            MatchesExact(margin=0.1),
            "excess kurtosis of single entries, exact value 6/n",
            "a tenth of the excess kurtosis itself; the Gaussian limit is a whole one away",
        ),
        Test(
            "functional-kurtosis",
            MatchesExact(margin=0.25),
            "excess kurtosis of the trace of $T^T G$, exact value (6/n) tr(M²)/(tr M)² with $M = T K T^T K$",
            "a quarter of the excess kurtosis; a draw has one value per head, against 16 entries",
        ),
        Test(
            "ks-rate",
            Equals(margin=0.03),
            "slope of log KS distance to N(0,1) on log n, by quadrature, n = 16 to 1024",
            "terms of order 1/n² bend the slope by about 1% from n = 16 on",
        ),
        Test(
            "w1-rate",
            Equals(margin=0.03),
            "slope of log Wasserstein distance to N(0,1) on log n, by quadrature, n = 16 to 1024",
            "terms of order 1/n² bend the slope by about 1% from n = 16 on",
        ),
        Test(
            "constants",
            Equals(margin=0.001),
            "n·KS and n·W1 at n = 1024, against max|He₃φ|/4 and ∫|He₃|φ/4",
            "the next order is about 0.4/n = 0.0004 at n = 1024",
        ),
    ),
    control=Control("Gaussian scores for the kurtoses, and scores scaled by 1/n for rates and constants"),
    figure="score-law",
    shards=("scores-law", "scores-scaling"),
)

WRONG_SCALING = Claim(
    name="wrong-scaling",
    statement="Scaled by 1/n instead of 1/√n, scores concentrate and attention becomes uniform.",
    quantity="slope of log Var(G) on log n under 1/n scaling",
    prediction=-1.0,
    tests=(
        Test(
            "variance-rate",
            Equals(margin=0.02),
            "slope of log Var(G) on log n, 1/n scaling",
            "the exact law is $K_{ii} K_{jj}/n$ at every width; 0.02 is far from the slope 0 of 1/√n scaling",
        ),
        Test(
            "variance",
            MatchesExact(margin=0.02),
            "n·Var(G), exact value 1 at every width",
            "2% of the variance; 1/√n scaling is n times larger",
        ),
        Test(
            "uniform-law",
            SameLaw(margin=0.03),
            "KS distance of one output from $N(0, 1^T K 1 / s^2)$ at the large widths",
            "outputs under 1/√n scaling are 0.047 to 0.056 away (docs/theory/limit_law.md, 4)",
        ),
    ),
    control=Control("the same layers with scores scaled by 1/√n"),
    figure="wrong-scaling",
    shards=("scores-scaling",),
)

CLAIMS: tuple[Claim, ...] = (EXACT_SAMPLER, SCORE_COVARIANCE, SCORE_GAUSSIAN, WRONG_SCALING)
