"""The claims of the family `one_shot`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHARDS = ("one-shot*",)

SIZES = (
    "Sizes of the networks and of their training are those in which a substitute for the paper's images was "
    "first tried; temperatures, numbers of episodes and thresholds were chosen in trials with another seed."
)
APART = (
    "Order parameters come from episodes of the images trained on, temperatures from validation episodes, "
    "and all numbers from test episodes, which show other images of novel classes and choose nothing; "
    "networks are the sampling units, though their images are drawn from one data set."
)

GAIN = Claim(
    name="oneshot-fw-beats-gp",
    statement="With the attention of networks trained by gradient descent on one-shot episodes, the "
    "predictor at finite width decides novel classes better than the Gaussian process, each at the "
    "temperature that validation chose for it; the Gaussian process had colder ones to choose from beside. "
    f"{APART} {SIZES}",
    quantity="accuracy at finite width less that of the Gaussian process, paired over networks",
    prediction=None,
    tests=(
        Test(
            "gain",
            Above(0.0),
            "accuracy of the predictor at finite width less that of the Gaussian process, paired over "
            "networks",
            "the claim is of an order; on digits some 2 in 100 episodes were known to be gained",
        ),
        Test(
            "shuffled-labels",
            Reported(),
            "accuracy at finite width less that with the order parameter of shuffled labels",
            "none: that order parameter still knows the geometry of the kernels, so it is no null",
        ),
        Test(
            "renamed-heads",
            Reported(),
            "accuracy at finite width less that with the order parameter of each head given to the next",
            "none: how much of the gain knows which head is which",
        ),
        Test(
            "trained-network",
            Reported(),
            "accuracy of the trained network itself less that of the theory with its attention",
            "none: the network saw many more episodes than the theory",
        ),
        Test(
            "accuracies",
            Reported(),
            "accuracy of each predictor",
            "none: what the difference is made of",
        ),
        Test(
            "temperatures",
            Reported(),
            "decimal logarithm of the temperature that validation chose",
            "none: a mean at an end of the grid would say that the grid is too short",
        ),
    ),
    control=Control(
        "the inverse of the order parameter in its place, with a temperature of its own: what the theory "
        "amplifies is suppressed"
    ),
    figure="one-shot-accuracy",
    shards=SHARDS,
    needs="more networks, or more test episodes of more images",
)

TRIALS = "Sizes and the threshold were chosen in trials with another seed."

ORDER = Claim(
    name="gd-order-parameter",
    statement="The overlaps of a trained network's effective weights resemble the theory's order parameter "
    "with the same attention, beyond what two matrices with large diagonals share: heads of one cannot "
    f"change their names within layers without loss of the likeness. {TRIALS}",
    quantity="correlation of both matrices' distinct entries less its mean over all joint relabellings of "
    "the heads of one of them",
    prediction=None,
    tests=(
        Test(
            "excess",
            Above(0.05),
            "correlation of both matrices' distinct entries less its mean over all joint relabellings of the "
            "heads of one of them",
            "0 is expected of unrelated matrices; a twentieth is the least that is worth mentioning beside a "
            "mean over relabellings of a half or more",
        ),
        Test(
            "relabelled",
            Below(-4.0),
            "decimal logarithm of Fisher's combination of the networks' exact permutation p-values",
            "the study's one percent shared among a hundred tests; the number is computed, not sampled, so "
            "that its interval is a point",
        ),
        Test(
            "correlations",
            Reported(),
            "correlation of all distinct entries, its mean over relabellings, and that of the entries off "
            "the diagonal",
            "none: the raw correlation is no evidence, as its mean over relabellings shows",
        ),
    ),
    control=Control("the trained weights of other networks, whose heads have nothing to do with each other"),
    figure="one-shot-order",
    shards=SHARDS,
    needs="more networks",
)

SCORE = Claim(
    name="head-score",
    statement="A head's score, read off the theory's order parameter, rises with the accuracy that the "
    f"trained network loses when the head is pruned. {TRIALS}",
    quantity="rank correlation over heads of the score with the loss of accuracy, mean over networks",
    prediction=None,
    tests=(
        Test(
            "score",
            Above(0.3),
            "rank correlation over heads of the score with the loss of accuracy, mean over networks",
            "a tenth of the ranks' variance; 0 would not do, as layers differ in every network alike",
        ),
        Test(
            "within-layers",
            Reported(),
            "the same within each layer, mean over layers",
            "none: what is left without differences between layers, over few heads",
        ),
        Test(
            "other-scores",
            Reported(),
            "the same for the norm of a head's value matrix, for the first-order effect of its gate on the "
            "loss, for the theory of shuffled labels, and for the loss measured on other episodes",
            "none: what a score can do here; the last is about as much as any could",
        ),
    ),
    control=Control("scores of the other networks' heads"),
    figure="one-shot-scores",
    shards=SHARDS,
    needs="more networks",
)

PRUNING = Claim(
    name="pruning",
    statement="A trained network keeps more accuracy if its heads are pruned by increasing score than in "
    "random order. The division by the root of the number of heads left changes no decision. Beside the "
    "order by weight norms and that of shuffled labels the gain was inconclusive when it was first "
    "measured, and it is reported.",
    quantity="accuracy, mean over removals, along increasing score less the mean over random orders",
    prediction=None,
    tests=(
        Test(
            "random",
            Above(0.0),
            "accuracy, mean over removals, along increasing score less the mean over random orders, one head "
            "of each layer being kept",
            "the claim is of an order; some 0.1 was known from few networks",
        ),
        Test(
            "other-orders",
            Reported(),
            "the same less that along increasing weight norm, increasing effect of a head's gate, increasing "
            "score of shuffled labels, increasing loss on other episodes, and decreasing score",
            "none: no verdict was asked for",
        ),
        Test(
            "half",
            Reported(),
            "accuracy with half of all heads removed less that along random orders",
            "none: where the orders are furthest apart",
        ),
    ),
    control=Control("the order that removes first what selection episodes show to be missed most"),
    figure="one-shot-pruning",
    shards=SHARDS,
    needs="more networks",
)

CLAIMS: tuple[Claim, ...] = (GAIN, ORDER, SCORE, PRUNING)
