"""Claims of the family `locater`."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

PLACEBO = Control(
    "a placebo: no penalty, and the head's coordinates rotated at the start, which changes no score"
)

HELPS = Claim(
    name="locater-helps",
    statement="In a small language model whose attention is peaked without it, a penalty that shrinks the "
    "query-key spectrum and keeps its mean (LocAteR's idea) lowers the loss on text held out, and raises "
    "attention entropy. Exploratory: the strength and the scale of the embeddings were chosen in trials, and "
    "with embeddings so small that attention starts uniform the penalty raised the loss.",
    quantity="test loss without the penalty less that with it, nats for each symbol, paired over seeds",
    prediction=None,
    tests=(
        Test(
            name="test-loss",
            rule=Above(0.005),
            quantity="test loss without the penalty less that with it, nats for each symbol, paired over "
            "seeds",
            margin_reason="half a per cent of perplexity; a first trial found ten times as much",
        ),
        Test(
            name="test-entropy",
            rule=Above(0.05),
            quantity="attention entropy with the penalty less that without, over its largest value, on the "
            "test part",
            margin_reason="a twentieth of the range; a first trial found eight times as much",
        ),
        Test(
            name="validation-loss",
            rule=Reported(),
            quantity="the same gain in loss on the validation part, the text on which the strength "
            "was chosen",
            margin_reason="none: shown beside the test part",
        ),
        Test(
            name="validation-entropy",
            rule=Reported(),
            quantity="the same gain in attention entropy on the validation part",
            margin_reason="none: shown beside the test part",
        ),
        Test(
            name="other-arms",
            rule=Reported(),
            quantity="gain in test loss of the other arms: the penalty on the norm alone, small initial "
            "weights",
            margin_reason="none: any shrinkage of the scores raises entropy, and may help early in training",
        ),
    ),
    control=PLACEBO,
    figure="locater-gains",
    shards=("locater", "locater-none", "locater-sham", "locater-var-*"),
    needs="a larger model, a larger text, and a run without penalty whose rate and initial scale are tuned",
)

MEAN_MATTERS = Claim(
    name="locater-mean-matters",
    statement="The penalty helps because it keeps the mean: the loss is lower than with a penalty of the "
    "same kind on the norm alone. Not shown unless the interval lies above 0. No verdict is given even then: "
    "in the run on a laptop the strength was chosen for the first penalty only.",
    quantity="test loss with the penalty on the norm alone less that with the one that keeps the mean",
    prediction=None,
    tests=(
        Test(
            name="test-loss",
            rule=Reported(),
            quantity="test loss of two arms that do not keep the mean (penalty on the norm alone; small "
            "initial weights) less that of the one that does",
            margin_reason="none: that the mean matters is not shown unless the interval lies above 0",
        ),
        Test(
            name="validation-loss",
            rule=Reported(),
            quantity="the same differences on the validation part",
            margin_reason="none: as on the test part",
        ),
    ),
    control=None,
    figure="locater-gains",
    shards=("locater", "locater-var-*", "locater-scale-*", "locater-init-scale"),
    needs="a strength chosen for each penalty, on seeds that are not judged (config.paper.yaml)",
)

RAISES_KAPPA = Claim(
    name="locater-raises-kappa",
    statement="In that language model the penalty that keeps the mean raises the concentration of the "
    "spectrum.",
    quantity="logarithm of the concentration $\\kappa$ with the penalty over that without, paired over seeds",
    prediction=None,
    tests=(
        Test(
            name="log-ratio",
            rule=Above(0.69),
            quantity="logarithm of the concentration $\\kappa$ with the penalty over that without, paired "
            "over seeds",
            margin_reason="log 2: the concentration must at least double",
        ),
        Test(
            name="concentration",
            rule=Reported(),
            quantity="logarithm of the concentration at the end, with the penalty and without (0 is "
            "its largest value)",
            margin_reason="none: how far from concentrated it stays",
        ),
        Test(
            name="over-scale",
            rule=Reported(),
            quantity="the same beside the penalty on the norm alone",
            margin_reason="none: how much of the rise is due to keeping the mean",
        ),
    ),
    control=PLACEBO,
    figure="locater-runs",
    shards=("locater", "locater-none", "locater-sham", "locater-var-*"),
)

CLAIMS: tuple[Claim, ...] = (HELPS, MEAN_MATTERS, RAISES_KAPPA)
