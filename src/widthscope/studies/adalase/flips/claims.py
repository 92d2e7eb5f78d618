"""Claims of the family `flips`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

SHOWN = "none: shown beside it"
ZERO = "the claim says which of the two is larger, whatever by how much"
NETWORKS = (
    "In a convolutional network with batch normalisation on a small training set (at the default sizes: 100 "
    "8 by 8 digits)"
)
CHOSEN = (
    "In trials with other seeds the network's blocks, the rates of the ratios and the number of steps were "
    "chosen."
)
CONTROL = Control(
    "of the ratios, the update with its sign turned, which raises positions whose gradients agree least with "
    "the validation's, less the same drift; it has the rate of that drift since a first run had been seen, "
    "in which it had three times that rate; of the accuracies, features exchanged among examples at the last "
    "position, labels kept, less nothing at all"
)


def _tests(alike: str) -> tuple[Test, ...]:
    """Tests of a flip, whose drift is that of networks described by `alike`."""
    return (
        Test(
            "ratios",
            Above(0.0),
            f"ratio at the end of the last position less that of the input, less the same {alike}, paired "
            "over seeds",
            ZERO,
        ),
        Test(
            "accuracy",
            Above(0.0),
            "test accuracy with the flip fixed at the last position, where it changes nothing, less that at "
            "the input, paired over seeds",
            ZERO,
        ),
        Test(
            "seeds",
            Reported(),
            "share of seeds whose last position ends above their input, by policy",
            "none: shown beside it; with so few seeds an exact interval of the study's level can hardly "
            "leave one half out",
        ),
        Test("by-position", Reported(), "ratio at the end, by policy and position, over seeds", SHOWN),
        Test("null", Reported(), f"ratio at the end {alike}, by position, over seeds", SHOWN),
        Test(
            "rank",
            Reported(),
            "Spearman correlation over positions of mean ratio at the end and mean accuracy with the flip "
            "fixed there; seeds drawn again",
            "none: with few positions a rank correlation has few values",
        ),
        Test("accuracies", Reported(), "test accuracy by policy, over seeds", SHOWN),
    )


HORIZONTAL = Claim(
    name="ratio-natural-harmful",
    statement=(
        f"{NETWORKS}, horizontal flips do harm at the input and none before the mean over places, and the "
        "adaptive ratio of that last position ends above the input's, by more than the drift of networks "
        f"without any augmentation. {CHOSEN}"
    ),
    quantity=(
        "ratio at the end of the last position less that of the input, less the same without augmentation, "
        "over seeds"
    ),
    prediction=None,
    tests=_tests("without augmentation"),
    control=CONTROL,
    figure="flips-ratios",
    shards=("flips-horizontal*", "flips-vertical*", "flips"),
)

VERTICAL = Claim(
    name="ratio-vflip",
    statement=(
        f"{NETWORKS}, vertical flips do harm at the input and none before the mean over places, and the "
        "adaptive ratio of that last position ends above the input's, by more than the drift of networks "
        f"whose positions all are the input. {CHOSEN}"
    ),
    quantity=(
        "ratio at the end of the last position less that of the input, less the same where all positions are "
        "the input, over seeds"
    ),
    prediction=None,
    tests=_tests("where all positions are the input"),
    control=CONTROL,
    figure="flips-ratios",
    shards=("flips-vertical*", "flips-virtual*", "flips"),
)

CLAIMS: tuple[Claim, ...] = (HORIZONTAL, VERTICAL)
