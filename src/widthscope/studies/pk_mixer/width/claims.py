"""Claims of the family `width`, with thresholds fixed beforehand.

What an undecided one takes is said from its intervals: more seeds, or, where frozen layers show the same,
another control.
"""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Reported

SLOPE = "slope of test accuracy on $\\ln m$, seed by seed"
ABOVE_ZERO = "the claim says that it is positive, whatever its size"
SHOWN = "none: shown beside it"
FITS = 0.99
DATA = "On images (at the default sizes: noisy 8 by 8 digits),"
SEEDS = (
    "Every seed has its own split of the images, weights and minibatches. The learning rate was fixed in "
    "advance. Sizes of the run, noise, and which networks have skip connections were chosen in trials with "
    "other seeds. The networks have no layer norm, no expansion within a mixing and no patches as tokens."
)
ACCURACIES = (
    Test("accuracy", Reported(), "test accuracy by network", SHOWN),
    Test(
        "train-accuracy",
        Reported(),
        "accuracy on the training set by network",
        "none: below 0.99 a network does not fit the training set",
    ),
)

LAYERS_FROZEN = Control(
    "the same networks with their mixing layers frozen as drawn: random features, which get wider too. Where "
    "they have the trend as well, it is theirs as far as training adds about as much at every width; `gain` "
    "says whether it does"
)

AGAINST_FROZEN = Test(
    "against-frozen",
    Reported(),
    f"{SLOPE}: trained less frozen, paired",
    "none: below 0 where training the mixing layers takes from the trend",
)

GAIN = Test(
    "gain",
    Reported(),
    "test accuracy, mixing layers trained less frozen, by network, paired",
    "none: shows whether training adds more to wide networks than to narrow ones",
)

SPARSE = Claim(
    name="golubeva-sw",
    statement=(
        f"{DATA} at a fixed number of connections, a wider and sparser network with random "
        f"static masks generalises better, in the isolated design, and fits the training set. {SEEDS}"
    ),
    quantity=SLOPE,
    prediction=None,
    tests=(
        Test("slope", Above(0.0), f"{SLOPE}, isolated design", ABOVE_ZERO),
        Test(
            "fits",
            Above(FITS),
            "accuracy on the training set at the end, by width",
            "the statement is about networks that fit the training set: at most one image in a hundred wrong",
        ),
        Test(
            "others",
            Reported(),
            f"{SLOPE}, without mixing layers, and with one hidden layer between a sparse stem and head that "
            "have the same, small number of weights at every width",
            SHOWN,
        ),
        AGAINST_FROZEN,
        GAIN,
        *ACCURACIES,
    ),
    control=LAYERS_FROZEN,
    figure="width-sparse",
    shards=("width-sparse*", "width"),
)

STANDARD = Claim(
    name="peak-fixed-connections-std",
    statement=(
        f"{DATA} at a fixed number of connections, a mixer with trained stem and head is "
        "more accurate the larger its effective width, and more accurate at S = C than the mean of the other "
        f"shapes, because its mixing layers are wider. {SEEDS}"
    ),
    quantity=f"{SLOPE}, standard design",
    prediction=None,
    tests=(
        Test("slope", Above(0.0), f"{SLOPE}, mixer", ABOVE_ZERO),
        Test(
            "peak", Above(0.0), "test accuracy of the mixer at S = C less the mean of the others'", ABOVE_ZERO
        ),
        Test("permuted", Reported(), f"{SLOPE}, random-permuted mixer, trained and frozen", SHOWN),
        Test("permuted-peak", Reported(), "the same difference, random-permuted mixer", SHOWN),
        *ACCURACIES,
    ),
    control=Control(
        "the same mixers with their mixing layers frozen as drawn: what stem and head, which grow with the "
        "width, do by themselves"
    ),
    figure="width-standard",
    shards=("width-standard*", "width"),
)

FROZEN = Claim(
    name="control-frozen-mixing",
    statement=(
        f"{DATA} at a fixed number of connections and with trained stem and head, accuracy "
        "grows with the effective width even where the mixing layers are frozen as drawn, and where there "
        f"are none. {SEEDS}"
    ),
    quantity=f"{SLOPE}, standard design",
    prediction=None,
    tests=(
        Test("frozen", Above(0.0), f"{SLOPE}, mixing layers frozen", ABOVE_ZERO),
        Test("without", Above(0.0), f"{SLOPE}, no mixing layers", ABOVE_ZERO),
        Test("permuted", Reported(), f"{SLOPE}, random-permuted mixer, mixing layers frozen", SHOWN),
        AGAINST_FROZEN,
        GAIN,
    ),
    control=Control(
        "trained mixers of the isolated design on the same images, for as many epochs: the weights that stem "
        "and head learn there are as many at every width"
    ),
    figure="width-standard",
    shards=("width-standard*", "width"),
)

ISOLATED = Claim(
    name="peak-fixed-connections-iso",
    statement=(
        "On images (at the default sizes: 8 by 8 digits without noise), at a fixed number of connections, a "
        "mixer is more accurate the larger its effective width, where only the mixing layers depend on the "
        f"width. In trials accuracy fell with the width. {SEEDS} Noise was left out after a first run of the "
        "run's own seed had been seen."
    ),
    quantity=f"{SLOPE}, isolated design",
    prediction=None,
    tests=(
        Test("slope", Above(0.0), f"{SLOPE}, mixer and random-permuted mixer", ABOVE_ZERO),
        Test("others", Reported(), f"{SLOPE}, mixing layers frozen, and without any", SHOWN),
        Test("peak", Reported(), "test accuracy at S = C less the mean of the others'", SHOWN),
        AGAINST_FROZEN,
        GAIN,
        *ACCURACIES,
    ),
    control=Control(
        "random-permuted mixers with a trained sparse stem and head, which have the same, small number of "
        "weights at every width"
    ),
    figure="width-fixed-counts",
    shards=("width-isolated*", "width"),
)

PARAMETERS = Claim(
    name="peak-fixed-params-iso",
    statement=(
        f"{DATA} at a fixed number of free parameters and without skip connections, a mixer "
        "is more accurate the larger its effective width, where only the mixing layers depend on the width; "
        "the widest shape, S = C, is better than all but the second widest, from which trials had not told "
        f"it. {SEEDS}"
    ),
    quantity=f"{SLOPE}, isolated design",
    prediction=None,
    tests=(
        Test("slope", Above(0.0), f"{SLOPE}, mixer", ABOVE_ZERO),
        Test("permuted", Above(0.0), f"{SLOPE}, random-permuted mixer", ABOVE_ZERO),
        Test(
            "peak",
            Above(0.0),
            "test accuracy at S = C less that of each other shape but the second widest, paired",
            ABOVE_ZERO,
        ),
        Test("second-widest", Reported(), "the same for the second widest shape", SHOWN),
        Test("unmixed", Reported(), f"{SLOPE}, without mixing layers", SHOWN),
        AGAINST_FROZEN,
        GAIN,
        *ACCURACIES,
    ),
    control=LAYERS_FROZEN,
    figure="width-fixed-counts",
    shards=("width-parameters*", "width"),
)

PERMUTED = Claim(
    name="rp-vs-mixer",
    statement=(
        f"{DATA} at a fixed number of free parameters and in the isolated design, a "
        f"random-permuted mixer is more accurate than the mixer of the same shape. {SEEDS} "
        "The control was replaced after a first run of the run's own seed had been seen."
    ),
    quantity="test accuracy, random-permuted less plain mixer, mean over shapes, paired by seed",
    prediction=None,
    tests=(
        Test(
            "difference",
            Above(0.0),
            "test accuracy, random-permuted less plain mixer, mean over shapes, paired by seed",
            ABOVE_ZERO,
        ),
        Test(
            "against-frozen",
            Reported(),
            "the same, trained less frozen, paired",
            "none: above 0 where training gains more with permutations than without",
        ),
        Test("elsewhere", Reported(), "the same in other designs", SHOWN),
    ),
    control=Control("the same difference of networks with their mixing layers frozen as drawn"),
    figure="width-fixed-counts",
    shards=("width-parameters*", "width-isolated*", "width-standard*", "width"),
)

CLAIMS: tuple[Claim, ...] = (SPARSE, STANDARD, FROZEN, ISOLATED, PARAMETERS, PERMUTED)
