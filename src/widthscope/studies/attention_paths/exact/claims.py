"""The claims of the family `exact`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHARDS = ("exact*",)
HALF_RATE = -0.5
"""Slope halfway between 1/N and not falling at all."""

EXACT = (
    "The exact posterior is sampled in the few coordinates of the order parameters, where weights and the "
    "input map are integrated out and no width is taken to be large."
)


def _deviations(whose: str, made_of_them: str) -> Test:
    return Test(
        "deviations",
        Reported(),
        f"relative deviations of the {whose} from the exact posterior, by size",
        f"none: what the {made_of_them} are made of",
    )


MONTE_CARLO = Test(
    "monte-carlo",
    Reported(),
    "Monte-Carlo error of the exact mean over the theory's deviation from it, at the largest width",
    "none: deviations are products of those from independent draws, which this error does not enlarge",
)

SCALING = Claim(
    name="finite-width-exact",
    statement=(
        "With examples and inputs that grow with the width, the theory's deviation from the exact posterior "
        f"falls as 1/N, and that of the Gaussian process does not fall. {EXACT}"
    ),
    quantity="slope of $\\log_2$ of the theory's relative deviation on $\\log_2 N$",
    prediction=-1.0,
    tests=(
        Test(
            "slope",
            Below(HALF_RATE),
            "slope of the deviation of the predictor's mean on tests, and of U, on the width",
            "halfway between the slope -1 of 1/N and the slope 0 of a theory that leaves out something of "
            "order one",
        ),
        Test(
            "nearer",
            Above(1.0),
            "$\\log_2$ of the Gaussian process's deviation over the theory's, of the mean at the largest "
            "width",
            "a factor of 2, fixed beforehand as worth mentioning",
        ),
        Test(
            "every-seed",
            Reported(),
            "the least of those numbers over all data sets: above 0 the theory is nearer in each",
            "none: that one data set may differ is no matter of means",
        ),
        Test(
            "variance",
            Reported(),
            "slope of the deviation of the predictor's variance on tests",
            "none: variances are compared on fewer tests and draws",
        ),
        MONTE_CARLO,
    ),
    control=Control(
        "the Gaussian process for the slopes; for the distance, the theory told an eighth of the width"
    ),
    figure="exact-scaling",
    shards=SHARDS,
)

SHAPES = Claim(
    name="general-shapes",
    statement=(
        "The same holds with unequal heads, widths and prior variances, and in three layers. "
        "The sizes of three layers are exploratory: at smaller ones, with twice the examples, too few "
        "draws of some data sets were effective. "
        "With sizes that double, a slope below -1/2 says that from the first size to the third the error "
        "falls to less than half."
    ),
    quantity="slope of $\\log_2$ of the theory's relative deviation on that of the size",
    prediction=-1.0,
    tests=(
        Test(
            "slope",
            Below(HALF_RATE),
            "slope of the deviation of the predictor's mean on tests, and of U, on the factor k of unequal "
            "widths or on the width of three layers",
            "halfway between the slope -1 of 1/N and the slope 0 of a wrong formula",
        ),
        _deviations("theory", "slopes"),
        MONTE_CARLO,
    ),
    control=Control("the Gaussian process"),
    figure="exact-shapes",
    shards=SHARDS,
)

CHAINS = Claim(
    name="hmm-theory-exact",
    statement=(
        "On chains of two states, with as many examples at every width, the theory is far nearer to the "
        "exact posterior than the Gaussian process at every width, and the error of its order parameter "
        f"falls with the width. {EXACT}"
    ),
    quantity=(
        "$\\log_2$ of the Gaussian process's deviation over the theory's, of the mean at the worst width"
    ),
    prediction=None,
    tests=(
        Test(
            "nearer",
            Above(1.0),
            "$\\log_2$ of the Gaussian process's deviation over the theory's, of the mean, the least "
            "over the widths of each data set",
            "a factor of 2 at every width, fixed beforehand as worth mentioning",
        ),
        Test(
            "slope",
            Below(0.0),
            "slope of $\\log_2$ of the deviation of U on $\\log_2 N$",
            "whether it falls at all: with the number of examples fixed, no power of the width is claimed",
        ),
        Test(
            "mean-slope",
            Reported(),
            "slope of $\\log_2$ of the deviation of the predictor's mean on $\\log_2 N$",
            "none: it is small at every width, and not monotone with four paths",
        ),
        _deviations("theory", "ratios"),
        Test(
            "accuracy",
            Reported(),
            "accuracy of the theory less that of the exact posterior on sequences that were not trained on, "
            "in percent, mean over widths",
            "none: accuracies tell less than the predictor's mean",
        ),
        MONTE_CARLO,
    ),
    control=Control("the theory of the smallest width, held to the exact posteriors of all widths"),
    figure="exact-chains",
    shards=SHARDS,
)

ORDER = Claim(
    name="control-path-order",
    statement=(
        "The path index has the first layer's head as its slowest part: with the index transposed the theory "
        "converges as well, and its deviation from the exact posterior does not fall as 1/N."
    ),
    quantity="slope of $\\log_2$ of the transposed theory's relative deviation on $\\log_2 N$",
    prediction=0.0,
    tests=(
        Test(
            "slope",
            Above(HALF_RATE),
            "slope of the deviation of the predictor's mean and of U with the path index transposed",
            "halfway between the slope -1 of the right index and 0",
        ),
        _deviations("transposed theory", "slopes"),
    ),
    control=Control("the right path index"),
    figure="exact-scaling",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (SCALING, SHAPES, CHAINS, ORDER)
