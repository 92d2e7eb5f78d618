"""The claims of the family `sampling`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHARDS = ("sampling*",)

AGREES = 9e-4
"""Squared relative distance, 3 %: less than the least of the theory's that was measured beforehand, 3.8 %."""

NEAR = 0.15
"""Twice the theory's largest distance measured beforehand, 7.5 %; infinite width was 26 % off at least."""

CONVERGENCE = "more sweeps or chains where R-hat is above 1.05, or fewer than 200 draws are effective"
"""What a run takes in which chains have not converged: `distances.LARGEST_R_HAT`, `SMALLEST_EFFECTIVE`."""

AGREEMENT = Claim(
    name="sampling-agreement",
    statement=(
        "Samples of every weight of the network have the predictor's mean and variance that the exact "
        "posterior of the order parameters has. The theory comes near them, nearer than infinite width: "
        "with one layer, with two, and with unequal heads, widths and variances. The sizes of the unequal "
        "case, the numbers of data sets and of draws, and the choice of controls are exploratory."
    ),
    quantity="squared relative distance of the sampled posterior mean from the exact one, free of noise",
    prediction=0.0,
    tests=(
        Test(
            "exact-mean",
            Below(AGREES),
            "squared relative distance of the predictor's mean over test examples, from two halves of the "
            "chains and two scrambles of exact draws that are independent, so that noise has the mean 0",
            "3 % squared: less than the smallest distance of the theory that was measured beforehand, 3.8 %. "
            "How well this tells the exact posterior from the theory is shown below",
        ),
        Test(
            "exact-variance",
            Below(AGREES),
            "the same of the predictor's variance",
            "as for the mean; the theory's variance was 6.9 % off beforehand. It is the control, refuted "
            "as a whole once samples refute it in one of the cases",
        ),
        Test(
            "theory-mean",
            Below(NEAR),
            "relative distance of the theory's mean from the sampled one, noise included",
            "twice the largest distance measured beforehand, 7.5 %; that of infinite width was 26 % or more",
        ),
        Test(
            "nearer-than-limit",
            Below(0.0),
            "$\\log_2$ of the ratio of the distances from the sampled mean, theory over infinite width",
            "0: nearer on average over data sets; the ratios measured beforehand were 0.1 and 0.3",
        ),
        Test(
            "told-apart",
            Reported(),
            "squared relative distance of the theory's mean, and of its variance, from the sampled one less "
            "that of the exact posterior's, by data set: above zero the samples tell the two apart",
            "none: the power of the comparisons above, case by case",
        ),
        Test(
            "theory-variance",
            Reported(),
            "relative distance of the predictor's variance from the sampled one, of the theory and of "
            "infinite width",
            "none: how near the theory's variance comes",
        ),
    ),
    control=Control(
        "the exact posterior at twice the temperature; the theory's variance in place of the exact one; "
        "infinite width in place of the theory; and the theory told an eighth of the width"
    ),
    figure="sampling-agreement",
    shards=SHARDS,
    needs=CONVERGENCE,
)

OVERLAP = Claim(
    name="order-parameter-overlap",
    statement=(
        "The order parameter is what it is said to be: the overlaps $W W^\\top/N$ of sampled effective "
        "weights have the exact posterior's mean, correlate with the theory's pair by pair of paths, and "
        "approach it as the width grows. The sizes, the correlation's threshold and the choice of controls "
        "are exploratory."
    ),
    quantity="squared relative distance of the sampled mean overlaps from the exact ones, free of noise",
    prediction=0.0,
    tests=(
        Test(
            "exact-order",
            Below(2 * AGREES),
            "squared relative distance of the posterior mean of $W W^\\top/N$ from the exact posterior's, "
            "from independent halves",
            "4.2 %, twice the square allowed to predictors, for overlaps mix more slowly; on other data "
            "sets infinite width was 20 to 80 % off",
        ),
        Test(
            "off-diagonal",
            Above(0.7),
            "correlation, over pairs of different paths, of sampled overlaps with the theory's, by data set",
            "at 0.7 half of the variance of the overlaps is the theory's",
        ),
        Test(
            "falls-with-width",
            Below(-0.5),
            "slope of $\\log_2$ of the relative distance of the theory's order parameter from the sampled "
            "one on $\\log_2 N$, with examples and inputs in proportion to $N$",
            "half of the rate 1/N; noise of the samples can only flatten the slope",
        ),
        Test(
            "told-apart",
            Reported(),
            "squared relative distance of the theory's order parameter from the sampled one less that of the "
            "exact posterior's, by data set: above zero the samples tell the two apart",
            "none: the power of the first comparison, whose margin lets the theory pass where it is near",
        ),
        Test(
            "distance",
            Reported(),
            "relative distance of the theory's order parameter from the sampled one",
            "none: how near the theory comes at these widths",
        ),
    ),
    control=Control(
        "the exact posterior at twice the temperature; the theory of permuted labels; and the theory told "
        "twice the width, which nothing approaches"
    ),
    figure="order-parameter-overlap",
    shards=SHARDS,
    needs=CONVERGENCE,
)

CLAIMS: tuple[Claim, ...] = (AGREEMENT, OVERLAP)
