"""The claims as data: what is measured, the rule, its margin with the reason, the control that must fail."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.exact_match import MatchesExact
from widthscope.statistics.rules import Equals

CLAIMS = (
    Claim(
        name="self-averaging",
        statement="The mean square output of a Gaussian layer has variance 2/n, so it settles with width.",
        quantity="slope of log variance on log width",
        prediction=-1.0,
        tests=(
            Test(
                "rate",
                Equals(margin=0.05),
                "slope of log variance on log width",
                "ten standard errors of the laptop sweep; a rate of n^(-1/2) is ten margins away",
            ),
            Test(
                "constant",
                MatchesExact(margin=0.03),
                "variance at each width, relative to 2/n",
                "the pooled relative error of the laptop sweep is below 1 %",
            ),
        ),
        control=Control("all weights of a draw share one random scale"),
        figure="variance",
        shards=("variance",),
        needs="100 times the draws would resolve 0.1 % of the constant",
    ),
)
