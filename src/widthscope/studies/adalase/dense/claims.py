"""Claims of the family `dense`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

SHOWN = "none: shown beside it"
ZERO = "the claim says which of the two is larger, whatever by how much"
DATA = (
    "In perceptrons with two hidden layers on small training sets (at the default sizes: 50, 100 and 400 "
    "8 by 8 digits)"
)
DRIFT = (
    "Ratios drift even where all positions are alike: the same network with the identity in the place of the "
    "operation is subtracted, seed by seed."
)
ALIKE = "ratios at the end with the identity in the place of the operation, where they only drift"
RANK = (
    "Spearman correlation over positions of mean ratio at the end and mean accuracy of the fixed position; "
    "seeds drawn again"
)
FEW = "none: with three positions a rank correlation has few values"
DESTROYED = (
    "of the accuracies, labels destroyed at the last position less mixup of the input, which the family "
    "`harmful` trained"
)
SHARDS = ("dense*", "harmful*")

MIXUP = Claim(
    name="ratio-mixup-mlp",
    statement=(
        f"{DATA}, and on average over these, mixup is better at the last position than at the input, and the "
        f"adaptive ratios go there: the last position's ends above the input's. {DRIFT}"
    ),
    quantity=(
        "ratio at the end of the last position less that of the input, less the same with the identity, over "
        "seeds"
    ),
    prediction=None,
    tests=(
        Test(
            "follows",
            Above(0.0),
            "ratio at the end of the last position less that of the input, less the same with the identity; "
            "of each seed the mean over numbers of images",
            ZERO,
        ),
        Test("by-size", Reported(), "the same, by the number n of images trained on", SHOWN),
        Test(
            "premise",
            Above(0.0),
            "test accuracy with mixup fixed at the last position less that at the input, paired over seeds; "
            "of each seed the mean over numbers of images",
            ZERO,
        ),
        Test("gaps", Reported(), "the same, by n", SHOWN),
        Test("ratios", Reported(), "ratios at the end, by n and position", SHOWN),
        Test("null", Reported(), f"{ALIKE}, by n and position", SHOWN),
        Test("rank", Reported(), RANK, FEW),
        Test("accuracies", Reported(), "test accuracy by n and policy", SHOWN),
        Test("seeds", Reported(), "share of seeds whose last position ends above their input", SHOWN),
    ),
    control=Control(
        "of the ratios, the update with its sign turned, which lowers the ratios of positions whose "
        "gradients agree with the validation's; that it is trained at every number of images was decided "
        f"after a trial with other seeds, where one number told too little; {DESTROYED}"
    ),
    figure="dense-ratios",
    shards=SHARDS,
)

OTHERS = Claim(
    name="ratio-cutout-noise-mlp",
    statement=(
        "In perceptrons with two hidden layers on a small training set (at the default sizes: 100 8 by 8 "
        "digits), the adaptive ratios of noise and of cutout go to the better one of the input and the last "
        f"position. {DRIFT} Which one is better was taken from trials with other seeds: for noise the input, "
        "for cutout of a block of half the features, always whole, the last position. In the trials the "
        "ratios of cutout did so, those of noise did not; and where a block might reach over the edge, "
        "which cuts less, cutout was better at the input. Both must do so: the verdict is that of the two "
        "together, and each has an interval of its own."
    ),
    quantity=(
        "ratio at the end of the better position less that of the worse, less the same with the identity, "
        "over seeds"
    ),
    prediction=None,
    tests=(
        Test(
            "follows",
            Above(0.0),
            "ratio at the end of the better position less that of the worse, less the same with the "
            "identity, over seeds",
            ZERO,
        ),
        Test(
            "premise",
            Above(0.0),
            "test accuracy with the operation fixed at the better position less that at the worse, paired "
            "over seeds: below 0 where the trials were wrong",
            ZERO,
        ),
        Test("ratios", Reported(), "ratios at the end, by operation and position", SHOWN),
        Test("null", Reported(), f"{ALIKE}, by position", SHOWN),
        Test("rank", Reported(), RANK, FEW),
        Test("accuracies", Reported(), "test accuracy with the operation fixed at each position", SHOWN),
    ),
    control=Control(
        "of the ratios, the update with its sign turned, with mixup, whose better position is the last, of "
        "each seed the mean over numbers of images, since one told too little in trials with other seeds; it "
        "took the place of the ratios of mixup with the positions exchanged, which are another claim's data "
        "with the sign turned, after a first run with this run's seed had been seen; "
        f"{DESTROYED}"
    ),
    figure="dense-quality",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (MIXUP, OTHERS)
