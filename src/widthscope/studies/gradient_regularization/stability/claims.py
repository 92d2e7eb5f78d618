"""The claims of the family `stability`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

SHARDS = ("stability*",)
BESIDE = "none: shown beside it"
FAILED = (
    "a training fails where its numbers are no longer finite, or its test accuracy ends below a half at the "
    "default settings"
)

NN_STABILITY = Claim(
    name="nn-stability",
    statement="Under a strong penalty, $\\gamma = 1$ at the default sizes (300 digits with their true "
    "labels, a ReLU network), the forward difference with the longest ascent step, $\\varepsilon = 1$, "
    "still trains where double backpropagation fails and where the backward difference with the same step "
    f"fails, on most seeds: {FAILED}. Shorter forward steps are reported beside it. The number of images and "
    "the longest step were chosen in trials with another seed of the run; shorter ones failed there.",
    quantity="share of seeds on which F-GR with the longest ascent trains and the other method fails",
    prediction=None,
    tests=(
        Test(
            "main",
            Above(0.5),
            "share of seeds on which F-GR with the longest ascent trains and the other method fails",
            "more than half of the seeds is what makes it likely for the next training",
        ),
        Test("failures", Reported(), "share of seeds that fail, by method", BESIDE),
    ),
    control=Control(
        "plain SGD in the place of the method that fails: at this rate training stands without the penalty, "
        "so that it is the penalty that the others fail of"
    ),
    figure="stability-failures",
    shards=SHARDS,
    needs="more seeds",
)

NN_CLEAN = Claim(
    name="nn-clean",
    statement="With true labels and few images (100 digits at the default sizes, $\\gamma = 0.1$) the "
    "accuracies with and without the penalty are reported, and not judged.",
    quantity="test accuracy less that of SGD, percentage points, paired by seed",
    prediction=None,
    tests=(
        Test("main", Reported(), "test accuracy less that of SGD, percentage points, over seeds", BESIDE),
        Test("cross-entropy", Reported(), "test cross-entropy less that of SGD, nats, over seeds", BESIDE),
        Test("plain", Reported(), "test accuracy of SGD, per cent, over seeds", BESIDE),
        Test("failures", Reported(), "share of seeds that fail, by method", BESIDE),
    ),
    control=None,
    figure="stability-clean",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (NN_STABILITY, NN_CLEAN)
