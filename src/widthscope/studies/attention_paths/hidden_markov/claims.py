"""The claims on hidden Markov chains, with their margins."""

from math import log

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("hidden-markov*",)
PREFERRED = 2.0
"""A path is preferred if it weighs at least so many times as much."""

COSINE, OVERLAP = 0.05, 0.1
SAME = 0.01
WORTH = 0.02
"""An accuracy worth mentioning; a gain of nothing is told from one."""

ORDERED = 0.5
"""A rank correlation half way between no order and perfect order, which tells the one from the other."""

GAIN = Claim(
    name="fw-beats-gp-hmm",
    statement=(
        "On hidden Markov chains a network of the smallest width classifies better than the Gaussian "
        "process of infinite width, by more than is worth mentioning, be it at the same temperature or at "
        "one that is tuned on validation sequences for the Gaussian process alone; a kernel that is only "
        "rescaled does not."
    ),
    quantity="accuracy at finite width less that of the Gaussian process",
    prediction=None,
    tests=(
        Test(
            "gain",
            Above(WORTH),
            "accuracy of the mean predictor at the smallest width less that of the Gaussian process on the "
            "same test sequences, by variant of the task and temperature of the Gaussian process",
            "0.02 is what is worth mentioning in all of these claims. A threshold of zero could not refute "
            "an effect of nothing, which is what the control is expected to have",
        ),
        Test(
            "tuned-on-test",
            Reported(),
            "the same with the Gaussian process at the temperature that is best on the test sequences",
            "none: a temperature that has seen the test is no fair rival, and in this comparison the "
            "Gaussian process has one",
        ),
        Test(
            "both-tuned",
            Reported(),
            "the same with both at their best temperatures on validation sequences, from one grid",
            "none: what a user of either would see",
        ),
    ),
    control=Control(
        "rescaling alone: the action minimised over multiples of the identity, whose kernel is that of the "
        "Gaussian process at another temperature; it would pass if the gain were one of temperature"
    ),
    figure="hidden-markov-accuracy",
    shards=SHARDS,
)

WIDTH = Claim(
    name="accuracy-vs-width",
    statement=(
        "The accuracy falls as the width grows, towards that of the Gaussian process, and reaches it at the "
        "largest width; it does not where the width only rescales the kernel."
    ),
    quantity="Spearman's correlation of accuracy and width",
    prediction=None,
    tests=(
        Test(
            "rank-correlation",
            Below(-ORDERED),
            "Spearman's correlation of accuracy and width, of all paths, by variant of the task",
            "-0.5, half way between a curve that does not depend on the width and one that falls all the "
            "way: a threshold of zero could not refute the former. Where all data sets agree, the error is "
            "taken as if one of them had two neighbouring widths swapped",
        ),
        Test(
            "widest",
            Equals(SAME),
            "accuracy at the largest width less that of the Gaussian process",
            "0.01 was fixed beforehand: a tenth of what is gained at the smallest width",
        ),
        Test(
            "depth",
            Reported(),
            "accuracy at the smallest width less that of the Gaussian process, by number of layers, with the "
            "mean over queries as readout",
            "none: exploratory, with a readout of its own",
        ),
    ),
    control=Control(
        "rescaling alone, the action minimised at every width over multiples of the identity: it would fall "
        "too if the width acted through the temperature; and for the end of the curve its start"
    ),
    figure="hidden-markov-accuracy",
    shards=SHARDS,
)

INTERPLAY = Claim(
    name="path-interplay",
    statement=(
        "Where noise is strong and a denoising path carries it alone, the gain comes from the weights of "
        "pairs of different paths: with diagonal order parameters the accuracy is lower."
    ),
    quantity="accuracy less that of the action minimised over diagonal order parameters",
    prediction=None,
    tests=(
        Test(
            "cross-paths",
            Above(0.0),
            "accuracy at the smallest width less that with order parameters for which the action is least "
            "among diagonal ones, two paths",
            "none needed: the difference is within data sets",
        ),
        Test(
            "four-paths",
            Reported(),
            "the same difference in the task of four paths",
            "none: diagonal weights already give nearly all of the gain there",
        ),
        Test(
            "correlation",
            Reported(),
            "correlation in the order parameter of the good and the denoising path, by variant of the task",
            "none: a negative one subtracts the noise that both paths see",
        ),
    ),
    control=Control("the learned order parameter with the sign of its cross-path weights turned"),
    figure="hidden-markov-accuracy",
    shards=SHARDS,
)

SELECTION = Claim(
    name="path-selection",
    statement=(
        "At the smallest width random paths are suppressed, the good and the denoising path amplified, and "
        "these two weighed with opposite signs. That a path counts as preferred from twice the weight on was "
        "fixed after trials with other data sets, which had shown the effect and the control."
    ),
    quantity="ln of the weight of a useful over that of a random path",
    prediction=None,
    tests=(
        Test(
            "amplified",
            Above(log(PREFERRED)),
            "ln of the good path's weight over that of the path through the good and the random head, and of "
            "the denoising path's over that of the path through both random heads",
            "ln 2: a path is preferred if it weighs at least twice as much",
        ),
        Test(
            "interplay",
            Below(0.0),
            "correlation in the order parameter of the good and the denoising path",
            "none needed: opposite signs are a correlation below zero",
        ),
        Test(
            "weights",
            Reported(),
            "weights of the four paths, which are all 1 at infinite width",
            "none: what the ratios are made of",
        ),
    ),
    control=Control(
        "labels that the chain does not give: by a linear readout of the random paths for the ratios, of the "
        "sum of the good and the denoising path for the correlation"
    ),
    figure="hidden-markov-weights",
    shards=SHARDS,
)

ALIGNMENT = Claim(
    name="kernel-alignment",
    statement="The kernel of finite width is nearer to the labels than that of infinite width.",
    quantity="cosine of the centred kernel and $yy^T$, finite less infinite width",
    prediction=None,
    tests=(
        Test(
            "cosine",
            Above(COSINE),
            "cosine of the centred kernel of the training sequences and $yy^T$ at the smallest width, less "
            "that at infinite width",
            "0.05, a twentieth of full alignment, was fixed beforehand as worth mentioning",
        ),
        Test(
            "overlap",
            Above(OVERLAP),
            "largest overlap $|v \\cdot y|/\\sqrt{P}$ of an eigenvector of the kernel with the labels at the "
            "smallest width, less that at infinite width",
            "0.1, a tenth of full alignment, was fixed beforehand as worth mentioning",
        ),
    ),
    control=Control("the same kernels against the labels in another order, which neither has seen"),
    figure="hidden-markov-kernels",
    shards=SHARDS,
)

SINGLE = Claim(
    name="control-single-path",
    statement=(
        "Where there is little to choose from nothing is gained: with the good and the denoising path alone "
        "finite width classifies no better than the Gaussian process, and no better with the good path "
        "alone. Of a single path the order parameter is one number, which does nothing but divide the "
        "temperature: what is lost there is lost to a colder posterior. Hence the pair of paths makes the "
        "point, whose weights could combine."
    ),
    quantity="accuracy at finite width less that of the Gaussian process of the same paths",
    prediction=None,
    tests=(
        Test(
            "gain",
            Below(WORTH),
            "accuracy at the smallest width less that of the Gaussian process of the same paths and "
            "temperature, by paths",
            "0.02 was fixed beforehand as worth mentioning: a fifth of what is gained with all paths",
        ),
        Test(
            "weight",
            Reported(),
            "weight of the good path alone at the smallest width, by which the temperature is divided",
            "none: the mechanism of what is lost with a single path",
        ),
    ),
    control=Control("all four paths, with which much is gained"),
    figure="hidden-markov-accuracy",
    shards=SHARDS,
)

SHUFFLED = Claim(
    name="control-shuffled-labels",
    statement=(
        "An order parameter learned from permuted labels predicts the right labels worse than the one "
        "learned from these. With two paths it is no null: it still knows how their kernels overlap, and "
        "predicts better than the Gaussian process. Whether it does with four is reported."
    ),
    quantity="accuracy less that with the order parameter of permuted labels",
    prediction=None,
    tests=(
        Test(
            "loss",
            Above(0.0),
            "accuracy at the smallest width less the mean of those with the order parameters of a few "
            "permutations of the labels, by variant of the task",
            "none needed: the difference is within data sets",
        ),
        Test(
            "geometry",
            Reported(),
            "accuracy with the order parameter of permuted labels less that of the Gaussian process",
            "none: what can be learned from the inputs without their labels",
        ),
    ),
    control=Control(
        "the Gaussian process of two paths in the place of the finite network: even permuted labels teach "
        "more than it knows"
    ),
    figure="hidden-markov-accuracy",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (GAIN, WIDTH, INTERPLAY, SELECTION, ALIGNMENT, SINGLE, SHUFFLED)
