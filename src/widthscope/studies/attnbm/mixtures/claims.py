"""The claims of the family `mixtures`, with margins fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("mixtures*",)

DATA = "The data are generated: samples of mixtures of equally likely Gaussians of unit covariance."
TRIALS = "Sizes, rates and thresholds were chosen in trials with another seed."
REVISED = "were changed after a first result of the run's own seed had been seen"

EXCESS = "excess of the test loss over the law's own, in units of $k/2P$"

OFTEN = "a run that fails as often as not has to be repeated as a rule"

WILKS = Claim(
    name="wilks",
    statement="A machine with as many hidden units as the law has components, the best of several full-batch "
    "trainings by Adam from small random weights, reaches the statistical optimum of maximum likelihood: its "
    "loss on test data exceeds the law's by half the number $k$ of free parameters over the number $P$ of "
    f"examples. The best run is chosen by its loss on the training examples. {DATA} {TRIALS}",
    quantity=EXCESS,
    prediction=1.0,
    tests=(
        Test(
            "excess",
            Equals(0.2),
            f"{EXCESS}, at the largest number of examples",
            "the parameters of one of five components: an optimum that wasted a fifth of the data would miss",
        ),
        Test(
            "expectation-maximisation",
            Equals(0.05),
            "training loss of the best run less that of the best of expectation maximisation, started from "
            "examples and from the law, in units of $k/2P$",
            "a twentieth of the statistical error: optimisers that differ by less make no difference",
        ),
        Test(
            "fewer-examples", Reported(), f"{EXCESS}, with fewer examples", "none: how soon the theory holds"
        ),
        Test(
            "em-excess",
            Reported(),
            f"{EXCESS}, of the best of expectation maximisation from examples",
            "none: the reference",
        ),
    ),
    control=Control("machines with one hidden unit less than the law has components"),
    figure="mixtures-likelihood",
    shards=SHARDS,
    needs="more seeds, or more restarts where one seed stays in a local optimum",
)

EASY = Claim(
    name="easy-to-train",
    statement="One run from small random weights ends at the best optimum that any run finds more often than "
    "not, in each of four kinds of setting, judged one by one: full batches with a decaying rate, at the "
    "largest number of examples and at fewer; minibatches at a constant rate; and minibatches with a "
    "decaying rate where the law's means are distant. Nothing is claimed of a fifth that was run, distant "
    "means in greater number: its shares are reported. A run counts as ended there if its training loss "
    "comes within 0.1 nats of the best. Runs are counted, and mean losses of one run and of the best not "
    f"compared, because a few failures make a mean whatever the others do. {DATA} {TRIALS} The division by "
    f"settings, their controls, and the number of steps for distant means {REVISED}: with fewer steps "
    "unfinished runs counted as trapped.",
    quantity="share of seeds whose first run ends at the best optimum, full batch",
    prediction=None,
    tests=(
        Test(
            "full-batch",
            Above(0.5),
            "share of seeds whose first run from small weights ends at the best optimum, full batch with a "
            "decaying rate at the largest number of examples",
            OFTEN,
        ),
        Test("fewer-examples", Above(0.5), "the same with fewer examples", OFTEN),
        Test("constant-rate", Above(0.5), "the same in minibatches at a constant rate", OFTEN),
        Test(
            "distant-means",
            Above(0.5),
            "the same in minibatches with a decaying rate, the law's means distant",
            OFTEN,
        ),
        Test(
            "many-distant-means",
            Reported(),
            "the same where distant means are more",
            "none: how far small weights carry",
        ),
        Test(
            "from-examples",
            Reported(),
            "the same of runs whose components start on examples, in every setting",
            "none: the usual start of mixtures, shown beside it",
        ),
        Test(
            "shorter",
            Reported(),
            "share of seeds whose first run from small weights ends there by the steps of its training, "
            "distant means",
            "none: what is unfinished rather than trapped",
        ),
        Test(
            "best-of-restarts",
            Reported(),
            "share of seeds whose best run from small weights ends there, full batch",
            "none: what restarts bring",
        ),
        Test(
            "gap",
            Reported(),
            "training loss of the first run less the least of all runs, in nats",
            "none: what a trapped run costs on average, and how it falls with steps",
        ),
    ),
    control=Control(
        "machines with one hidden unit less than the law has components; of distant means, components that "
        "start on examples of a law with more of them, where nearly always two share a cluster"
    ),
    figure="mixtures-optima",
    shards=SHARDS,
    needs="more seeds",
)

PCA = Claim(
    name="pca-threshold",
    statement="A machine without biases learns the directions in which centred Gaussian data vary more than "
    "the machine's own unit noise: weights along a direction of variance $\\lambda$ begin to grow by the "
    "factor $1 + \\eta (\\lambda - 1)/H$ per step of rate $\\eta$, and its components' means end with the "
    "variance $(\\lambda - 1)_+$ up to 0.02, which finitely many examples and hidden units leave. The "
    "samples' covariance is exact: every eigenvalue lies on its side of 1. Training to the end is by Adam; "
    f"growth is of gradient descent from tiny weights. {TRIALS} The numbers of examples and hidden units, "
    f"and the margin, {REVISED}: five times fewer examples left 0.03 too much, and the margin was nearly all "
    "that is predicted of the smallest eigenvalue above 1.",
    quantity="learned variance along each axis",
    prediction=None,
    tests=(
        Test(
            "variance",
            Equals(0.02),
            "learned variance along each axis",
            "two fifths of the 0.05 that are predicted of an eigenvalue of 1.05: what is learned there is "
            "told from nothing, and nothing from it; finitely many components and examples move it",
        ),
        Test(
            "threshold",
            Above(0.02),
            "learned variance at the smallest eigenvalue above 1 less that at the largest below",
            "two fifths of the predicted step: what fluctuations of finite samples add lies on both sides",
        ),
        Test(
            "growth",
            Below(1e-5),
            "largest deviation of a growth rate per step from its formula, over the axes",
            "what is of second order in the initial weights; the rates themselves are of the order 0.01",
        ),
    ),
    control=Control(
        "the same data shrunk until the smallest eigenvalue that lay above 1 lies below, judged by their "
        "former eigenvalues; of growth, the formula without the machine's own noise"
    ),
    figure="mixtures-threshold",
    shards=SHARDS,
    needs="more examples and more hidden units",
)

AUTOENCODER = Claim(
    name="dae-learns-score",
    statement="A softmax autoencoder with tied weights that learns to take unit noise off cluster centres, "
    "the best of several runs by its own loss, ends more often than not as the machine whose density is that "
    "of the noisy data. This is judged where centres are moderately far apart; shares where they lie further "
    "apart are reported. A density counts as found within 0.02 nats of the law. The data are generated. "
    f"{TRIALS} The number of steps, and their batch, {REVISED}: with a third of the steps many runs "
    "had not ended.",
    quantity="share of seeds whose autoencoder has the density of the noisy data",
    prediction=None,
    tests=(
        Test(
            "found",
            Above(0.5),
            "share of seeds whose autoencoder has the density of the noisy data",
            OFTEN,
        ),
        Test(
            "others",
            Reported(),
            "the same of machines trained by the likelihood on noisy data, and of autoencoders on centres "
            "further apart",
            "none: what the other objective reaches, and where the claim ends",
        ),
        Test("gap", Reported(), "test loss less the law's, in nats", "none: what the shares are made of"),
        Test(
            "mixing-weights",
            Reported(),
            "mean deviation of a mixing weight from the law's",
            "none: denoising hardly sees the weights of distant clusters, so that they judge nothing",
        ),
    ),
    control=Control("autoencoders trained with more noise, their density read as that of unit noise"),
    figure="mixtures-denoising",
    shards=SHARDS,
    needs="more seeds",
)

CLAIMS: tuple[Claim, ...] = (WILKS, EASY, PCA, AUTOENCODER)
