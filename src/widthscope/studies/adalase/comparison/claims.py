"""Claims on accuracies, with thresholds fixed beforehand; `dense`, `harmful` and `flips` trained."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHOWN = "none: shown beside it"
ZERO = "the claim says which of the two is larger, whatever by how much"
INFERIOR = -0.003
"""Of a share: three tenths of a point, fixed beforehand as too little to matter."""

PERCEPTRONS = (
    "In perceptrons with two hidden layers on small training sets (at the default sizes: 50, 100 and 400 8 "
    "by 8 digits)"
)
FIGURE = "comparison-gains"
LATENT = Claim(
    name="acc-latent-da-helps",
    statement=(
        f"{PERCEPTRONS}, mixup before the classifier gives a higher test accuracy than mixup of the input, "
        "at each number of images."
    ),
    quantity="test accuracy with mixup fixed at the last position less that at the input, paired over seeds",
    prediction=None,
    tests=(
        Test(
            "gap",
            Above(0.0),
            "test accuracy with mixup fixed at the last position less that at the input, paired over seeds",
            ZERO,
        ),
    ),
    control=Control("Gaussian noise in the place of mixup, which is better at the input"),
    figure=FIGURE,
    shards=("dense*",),
)

DEPENDS = Claim(
    name="acc-layer-depends-on-da",
    statement=(
        "In perceptrons with two hidden layers on a small training set (at the default sizes: 100 8 by 8 "
        "digits), which position is better depends on the operation: mixup is better before the classifier "
        "than at the input, Gaussian noise better at the input."
    ),
    quantity="difference of test accuracies between the two positions, paired over seeds",
    prediction=None,
    tests=(
        Test("mixup", Above(0.0), "mixup: last position less input, paired over seeds", ZERO),
        Test("noise", Above(0.0), "noise: input less last position, paired over seeds", ZERO),
        Test("cutout", Reported(), "cutout: each hidden position less input, paired over seeds", SHOWN),
    ),
    control=Control(
        "labels destroyed at the position that is to be better, less mixup at the other one, in trainings of "
        "their own; in a first run of the run's own seed mixup of another training set stood there, with the "
        "sign of another claim's data turned"
    ),
    figure=FIGURE,
    shards=("dense*", "harmful*"),
)

SMALL = Claim(
    name="acc-small-data",
    statement=(
        f"{PERCEPTRONS}, the more images there are, the smaller is the gap in test accuracy between mixup at "
        "the last position and at the input. In points, that is: as a share of the error nothing is judged."
    ),
    quantity="slope of the gap of test accuracies on $\\ln n$, seed by seed",
    prediction=None,
    tests=(
        Test("slope", Below(0.0), "slope of the gap of test accuracies on $\\ln n$, seed by seed", ZERO),
        Test("gaps", Reported(), "the gap, by the number n of images, over seeds", SHOWN),
    ),
    control=Control("the accuracy with mixup of the input in the place of the gap: it grows with the images"),
    figure=FIGURE,
    shards=("dense*",),
)

WORST = Claim(
    name="acc-ada-vs-worst",
    statement=(
        f"{PERCEPTRONS}, adaptive choice of the position of mixup gives a higher test accuracy than mixup of "
        "the input, on average over the numbers of images; and so does adaptive choice for vertical flips in "
        "a small convolutional network. In trials with other seeds the input was the worst position of both."
    ),
    quantity="test accuracy of adaptive choice less that of the input, paired over seeds",
    prediction=None,
    tests=(
        Test(
            "mixup",
            Above(0.0),
            "mixup: adaptive less input, of each seed the mean over numbers of images",
            ZERO,
        ),
        Test("vertical-flip", Above(0.0), "vertical flip: adaptive less input, paired over seeds", ZERO),
        Test("all", Reported(), "adaptive less input, paired over seeds", SHOWN),
    ),
    control=Control(
        "the update with its sign turned, where the first hidden layer destroys labels, against the worse of "
        "the two harmless positions"
    ),
    figure=FIGURE,
    shards=("dense*", "harmful*", "flips*"),
)

UNIFORM = Claim(
    name="acc-ada-vs-uniform",
    statement=(
        "In perceptrons with two hidden layers on small training sets of 8 by 8 digits, adaptive choice is "
        "better than uniform choice where features are permuted across the batch at one position, labels "
        "kept, and mixed up at the others, on average over that position (at the default sizes: 100 images). "
        "With mixup everywhere it is at most three tenths of a point worse, on average over the numbers of "
        "images (50, 100 and 400). No gain over uniform choice is claimed with any augmentation that is in "
        "use: those with mixup, cutout and noise, and with flips in a small convolutional network, are shown "
        "beside it."
    ),
    quantity="test accuracy of adaptive choice less that of uniform choice, paired over seeds",
    prediction=None,
    tests=(
        Test(
            "superior",
            Above(0.0),
            "labels destroyed at one position, mixup at the others: of each seed the mean over that position",
            ZERO,
        ),
        Test(
            "not-inferior",
            Above(INFERIOR),
            "mixup: of each seed the mean over numbers of images",
            "about half of the smallest gap between the last position and the input that was measured "
            "beforehand, 0.59 points",
        ),
        Test("all", Reported(), "adaptive less uniform choice, by setting, paired over seeds", SHOWN),
    ),
    control=Control(
        "where the first hidden layer destroys labels: the update with its sign turned, and with the labels "
        "of the pseudo-validation shuffled"
    ),
    figure=FIGURE,
    shards=("dense*", "harmful*", "flips*"),
)

BEST = Claim(
    name="acc-ada-vs-best",
    statement=(
        "Adaptive choice of the position of mixup, cutout and noise in perceptrons, and of flips in a small "
        "convolutional network, beside the best fixed position of each: below 0 it is worse than a position "
        "that was fixed. Ratios still move during training, and every position keeps a share. The best "
        "position is chosen by the same test accuracies, which favours it a little."
    ),
    quantity="test accuracy of adaptive choice less that of the best fixed position, paired over seeds",
    prediction=None,
    tests=(Test("gain", Reported(), "adaptive less best fixed position, by setting, over seeds", SHOWN),),
    control=None,
    figure=FIGURE,
    shards=("dense*", "flips*"),
)

CLAIMS: tuple[Claim, ...] = (LATENT, DEPENDS, SMALL, WORST, UNIFORM, BEST)
