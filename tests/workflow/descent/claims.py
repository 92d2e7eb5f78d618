"""The claims as data."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals

CLAIMS = (
    Claim(
        name="settles",
        statement="The weights stay small.",
        quantity="mean square of the weights",
        prediction=0.0,
        tests=(Test("last", Equals(margin=2.0), "last mean square", "the noise is a tenth"),),
        control=Control("a prediction that is far away"),
        figure="weights",
        shards=("training-*",),
        needs="nothing",
    ),
)
