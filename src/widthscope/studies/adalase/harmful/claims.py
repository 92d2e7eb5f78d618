"""The claim of the family `harmful`, with its threshold fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

SHOWN = "none: shown beside it"
CLAIMS: tuple[Claim, ...] = (
    Claim(
        name="ratio-harmful-layer",
        statement=(
            "In a perceptron with two hidden layers on a small training set (at the default sizes: 100 8 by "
            "8 digits), a position at which features are permuted across the batch, labels kept, is driven "
            "to the floor of the ratios, be it the input, the first or the second hidden layer, with mixup "
            "at the other positions."
        ),
        quantity="share of seeds in which the ratio ends below twice its floor, wherever the harm is",
        prediction=None,
        tests=(
            Test(
                "driven",
                Above(0.5),
                "share of seeds in which the ratio of the harmful position ends below twice its floor, at "
                "each of its places",
                "in most runs: in trials with other seeds drift alone brought a given position so low in "
                "3 % of them",
            ),
            Test(
                "null",
                Reported(),
                "share of seeds in which drift brings a position below twice its floor, with the identity at "
                "all positions, by position",
                SHOWN,
            ),
            Test("ratio", Reported(), "ratio of the harmful position at the end, over seeds", SHOWN),
            Test(
                "steps",
                Reported(),
                "steps until the ratio of the harmful position is first below twice its floor, over seeds; "
                "unknown where a seed never gets there",
                SHOWN,
            ),
            Test(
                "alignment",
                Reported(),
                "alignment with the validation's gradient, mean over the steps at which a position was "
                "chosen, over seeds",
                SHOWN,
            ),
        ),
        control=Control(
            "the same with the labels of the pseudo-validation shuffled, which turns what agrees with it "
            "round: there the position that destroys labels should win"
        ),
        figure="harmful-ratios",
        shards=("harmful*",),
    ),
)
