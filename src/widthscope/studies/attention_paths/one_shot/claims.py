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
    "networks are the sampling units, though their images are drawn from one data set. Of the digits all "
    "networks share the three novel ones, and a novel 9 is a turned 6, which they were trained on."
)

EACH = "Architectures are judged each by itself."

GAIN = Claim(
    name="oneshot-fw-beats-gp",
    statement="With the attention of networks trained by gradient descent on one-shot episodes, the "
    "predictor at finite width decides novel classes better than the Gaussian process, each at the "
    "temperature that validation chose for it; the Gaussian process had colder ones to choose from beside. "
    "The size of the gain is not promised. The smallest width is judged; where paths outnumber it, as 16 "
    "paths do a width of 10, the true order parameter is singular and larger deviations from the theory are "
    f"expected. {EACH} {APART} {SIZES}",
    quantity="accuracy at finite width less that of the Gaussian process, paired over networks",
    prediction=None,
    tests=(
        Test(
            "gain",
            Above(0.0),
            "accuracy of the predictor at finite width less that of the Gaussian process, paired over "
            "networks",
            "any gain: the claim is of an order, and its size is not known beforehand, as the 2 in 100 "
            "episodes that were once gained on digits come from other networks",
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
        Test(
            "ends-of-grid",
            Reported(),
            "share of networks for which validation chose the coldest, or the warmest, temperature on offer",
            "none: where it is large, a longer grid might serve that predictor better",
        ),
        Test(
            "widths",
            Reported(),
            "accuracy of the theory less that of the Gaussian process, by width; wider networks too choose "
            "among the temperatures of the grid, the Gaussian process among colder ones beside",
            "none: the smallest width is what is judged",
        ),
        Test(
            "restricted",
            Reported(),
            "accuracy at the smallest width less that of order parameters restricted to multiples of the "
            "identity, or to diagonal matrices, at temperatures of their own",
            "none: whether the gain is one of scale, and what paths gain that are mixed",
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

TRIALS = f"Sizes and the threshold were chosen in trials with another seed. {EACH}"
WORTH = 0.02

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
    "trained network loses when the head is pruned. Sizes were chosen in trials with another seed. The "
    f"threshold is the first that was set; after those trials it was half of it for a while. {EACH}",
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
    needs="some 50 networks, by the mean of 0.48 and its spread in trials with another seed",
)

PRUNING = Claim(
    name="pruning",
    statement="A trained network keeps more accuracy if its heads are pruned by increasing score than in "
    "random order. The division by the root of the number of heads left changes no decision. Beside the "
    "order by weight norms and that of shuffled labels the gain was inconclusive when it was first "
    "measured, and it is reported. The control was another one first, the heads removed first that selection "
    "episodes show to be missed most: it is worse than random even where the score is useless, and so could "
    f"not tell, and is reported; the threshold was 0 with it. {EACH}",
    quantity="accuracy, mean over removals, along increasing score less the mean over random orders",
    prediction=None,
    tests=(
        Test(
            "random",
            Above(WORTH),
            "accuracy, mean over removals, along increasing score less the mean over random orders, one head "
            "of each layer being kept",
            "0.02 in accuracy is worth mentioning, as for hidden Markov chains; 0 would not do, as the order "
            "of another network is no worse than random ones",
        ),
        Test(
            "most-missed-first",
            Reported(),
            "the same along the order that removes first what selection episodes show to be missed most",
            "none: as bad as an order can be; it was the control first",
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
    control=Control("the orders of the other networks' scores, which know nothing of this network's heads"),
    figure="one-shot-pruning",
    shards=SHARDS,
    needs="more networks",
)

CLAIMS: tuple[Claim, ...] = (GAIN, ORDER, SCORE, PRUNING)
