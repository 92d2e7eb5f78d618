"""Claims of the family `identities`, with their tolerances."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Equals

SHARDS = ("identities*",)

MIXTURE = Claim(
    name="likelihood-mixture",
    statement=(
        "The attentional Boltzmann machine with Gaussian visible units is a mixture of Gaussians of unit "
        "covariance, with means $b + w_j$ and weights softmax$(|w_j|^2/2 + w_j \\cdot b + c_j)$: its "
        "density is known exactly."
    ),
    quantity="largest deviation of a log density from the mixture written out, in tolerances",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation of $\\log p$ over machines and vectors by size, over 50 eps N; and of the "
            "density's integral over the plane from 1, over $10^{-12}$",
            "rounding of a sum of some N terms of order one is below 50 eps N in float64; the integral's own "
            "error is below $10^{-16}$; a wrong term is worth 0.1 and more",
        ),
    ),
    control=Control(
        "uniform mixing weights; hidden biases left out; a partition function without the norms: the machine "
        "that shows it least"
    ),
    figure="identities-density",
    shards=SHARDS,
)

GRADIENT = Claim(
    name="gradient",
    statement=(
        "The gradient of the log likelihood is known exactly, $\\langle r_j v \\rangle - \\pi_j (b + w_j)$ "
        "for $w_j$: no sampling is needed to train the machine."
    ),
    quantity="largest deviation from automatic differentiation, in units of $10^{-13}$",
    prediction=0.0,
    tests=(
        Test(
            "autodiff",
            Below(1.0),
            "largest deviation from automatic differentiation over machines and entries, over $10^{-13}$, by "
            "parameter",
            "rounding in float64 is worth some $10^{-15}$ for entries of order one",
        ),
        Test(
            "order",
            Equals(0.1),
            "slope of the logarithm of the deviation of central finite differences on that of their step",
            "2 if the gradient is right, 1 for one-sided differences and 0 for a wrong gradient; terms of "
            "fourth order bend it by some 0.01",
        ),
        Test(
            "sampled",
            Equals(0.5),
            "squared deviation of the machine's own expectations, sampled exactly, from the closed ones in "
            "standard errors: mean over entries and machines",
            "1 if the closed expectations are right, 2 if they are off by one standard error of the samples",
        ),
    ),
    control=Control(
        "uniform weights 1/H in place of $\\pi$ (autodiff, order), one-sided differences (order), and the "
        "logarithm of the squared deviation for uniform weights (sampled)"
    ),
    figure="identities-gradient",
    shards=SHARDS,
)

SPECIAL = Claim(
    name="special-cases",
    statement=(
        "The partition function is closed for binary visible units and for whole powers of the softmax "
        "factor as well; the joint density of visible and continuous hidden units has none, for its energy "
        "does not change when one number is added to all hidden units."
    ),
    quantity="largest deviation of a log partition function or energy, in units of $10^{-11}$",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation over machines, over $10^{-11}$: of the logarithms of closed from summed or "
            "integrated partition functions, and of the joint energy before and after the shift",
            "rounding is worth $10^{-14}$, a hundred times as much for a shift of 100",
        ),
    ),
    control=Control(
        "visible biases left out (binary); exponents larger by 1/2, for which there is no mixture (powers); "
        "one unit shifted alone (joint energy)"
    ),
    figure="identities-deviations",
    shards=SHARDS,
)

SCORES = Claim(
    name="dsm-equals-dae",
    statement=(
        "Denoising score matching of the energy divided by $s^2$ is a denoising autoencoder with tied "
        "weights and softmax units, and differs from explicit and implicit score matching by constants, "
        "so that all have the same gradient."
    ),
    quantity="largest relative deviation of an objective or gradient, in units of $10^{-11}$",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation of an objective over the denoising one, and of a gradient over its largest "
            "entry, over $10^{-11}$, by width s of the noise; expectations are integrals over the plane",
            "sums of some $10^5$ terms in float64 round at $10^{-14}$; a constant or a factor left out is "
            "worth a hundredth and more",
        ),
    ),
    control=Control("the energy not divided by $s^2$, and the constant between the objectives left out"),
    figure="identities-deviations",
    shards=SHARDS,
)

BERNOULLI = Claim(
    name="gbrbm-identity",
    statement=(
        "A Gaussian-Bernoulli machine of K hidden units is an attentional machine with a component for each "
        "of its $2^K$ hidden states; with one-hot states alone it is the attentional machine of the same "
        "parameters; and it consists of softmax blocks of two units."
    ),
    quantity="largest relative deviation of an energy or log partition function, in units of $10^{-13}$",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation of the energies over machines and vectors over the largest energy, and of the "
            "log partition function over itself, over $10^{-13}$",
            "rounding is worth $10^{-15}$; a softplus that turns linear above 20, some $10^{-11}$ with five "
            "visible units and less with more, where energies are larger",
        ),
    ),
    control=Control(
        "the library's softplus, linear above 20, at the machine that shows it most; one state left out, and "
        "states without the norms of their means, at those that show it least"
    ),
    figure="identities-deviations",
    shards=SHARDS,
)

HARMONIUM = Claim(
    name="dam-is-efh",
    statement=(
        "Dense associative memories give exponential family harmoniums, whose layers are independent given "
        "each other and whose marginal block Gibbs sampling leaves as it is. The memory's own Boltzmann "
        "distribution, hidden units eliminated, is that marginal for a quadratic Lagrangian, and not for "
        "the quartic and the cubic one. All have two hidden units."
    ),
    quantity="largest deviation of an exact statement, in units of $10^{-12}$",
    prediction=0.0,
    tests=(
        Test(
            "exact",
            Below(1.0),
            "largest deviation over harmoniums, over $10^{-12}$: of the joint density of two hidden units "
            "from the product, and of the marginal after a sweep from that before",
            "rounding is worth $10^{-15}$; wrong laws, a thousandth and more",
        ),
        Test(
            "sampled",
            Equals(1.0),
            "$\\log_2$ of chi squared over its degrees of freedom, of the states of independent chains "
            "under the exact marginal; predicted is its mean for samples of that marginal",
            "twice the sampling error: with 10 000 chains and 16 states that is a total variation of 0.02 at "
            "most, a third of the distance to the quartic memory's law",
        ),
        Test(
            "memory",
            Below(1.0),
            "total variation of the marginal and the quadratic memory's law, over $10^{-12}$",
            "rounding is worth $10^{-16}$; other Lagrangians, a hundredth and more",
        ),
    ),
    control=Control(
        "hidden units coupled, and the quartic and cubic memories' laws, each at the harmonium that shows it "
        "least (exact, memory); samples held against these laws (sampled)"
    ),
    figure="identities-harmonium",
    shards=SHARDS,
)

CCCP = Claim(
    name="cccp",
    statement=(
        "The attention update $v \\leftarrow b + W^\\top$softmax$(W v + c)$ never raises the energy, for "
        "drawn machines and for one whose memories are digits."
    ),
    quantity="largest rise of the energy in an update over its size, in units of 100 eps",
    prediction=0.0,
    tests=(
        Test(
            "rise",
            Below(1.0),
            "largest rise over starts and updates over the largest energy on the way and 100 eps, by machine",
            "an energy is rounded at some ten eps of its size; a step that is too long raises it by more "
            "than a hundredth",
        ),
    ),
    control=Control("steps three times as long, from the same starts"),
    figure="identities-retrieval",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (MIXTURE, GRADIENT, SPECIAL, SCORES, BERNOULLI, HARMONIUM, CCCP)
