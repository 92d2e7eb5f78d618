"""Claims of the family `maps`: shown with their intervals, without a verdict."""

from widthscope.statistics.claims import Claim, Test
from widthscope.statistics.rules import Reported

SHOWN = "none: shown beside it"


def _claim(name: str, augmentation: str, shards: tuple[str, ...], says: str) -> Claim:
    """A claim about where the ratios of an augmentation end, which is not judged."""
    return Claim(
        name=name,
        statement=(
            f"{augmentation} in a convolutional network on a small training set (at the default sizes: 100 8 "
            f"by 8 digits): where adaptive ratios end, beside the accuracy of each fixed position. {says}"
        ),
        quantity="ratio at the end, by position, over seeds",
        prediction=None,
        tests=(
            Test("ratios", Reported(), "ratio at the end, by position, over seeds", SHOWN),
            Test(
                "null",
                Reported(),
                "ratio at the end without augmentation, at the same rate of the ratios, by position, over "
                "seeds: there ratios only drift",
                SHOWN,
            ),
            Test(
                "rank",
                Reported(),
                "Spearman correlation over positions of mean ratio at the end and mean accuracy of the fixed "
                "position; seeds drawn again",
                SHOWN,
            ),
            Test("accuracies", Reported(), "test accuracy by policy, over seeds", SHOWN),
            Test(
                "spread",
                Reported(),
                "test accuracy of the fixed position with the highest mean less that of the one with the "
                "lowest, paired over seeds; both are picked by these seeds, which makes it too large, and "
                "where it is as small as its interval neither is better",
                SHOWN,
            ),
            Test("found", Reported(), "ratio at the end of these two positions, over seeds", SHOWN),
        ),
        control=None,
        figure="maps-quality",
        shards=(*(f"maps-{shard}*" for shard in shards), "maps"),
    )


CLAIMS: tuple[Claim, ...] = (
    _claim(
        "ratio-trans-cnn",
        "Translation by up to one cell",
        ("translation",),
        "In trials the worst position was found, and the best was not always.",
    ),
    _claim(
        "ratio-cutout-cnn",
        "Cutout of squares",
        ("cutout", "mixup"),
        "In trials the worst position was not raised, and the best was not found.",
    ),
    _claim(
        "ratio-mixup-cnn",
        "Mixup",
        ("mixup",),
        "In trials ratios moved although accuracies hardly differed.",
    ),
)
