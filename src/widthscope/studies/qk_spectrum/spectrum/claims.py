"""The claims on spectra of query-key matrices, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, MatchesExact, Reported

FAST_SPECTRUM = Claim(
    name="fast-spectrum",
    statement=(
        "Eigenvalues, traces and singular values of a query-key matrix are had from products of the head's "
        "dimension, without the dense matrix."
    ),
    quantity="largest difference from the dense matrix in units of the rounding tolerance",
    prediction=0.0,
    tests=(
        Test(
            "identity",
            Below(1.0),
            "largest difference over the heads, paired for the eigenvalues, over 50 ε $d_h$ times the size "
            "of the quantity (float64)",
            "rounding alone: an identity that fails does so by many orders of magnitude",
        ),
        Test(
            "precision",
            Reported(),
            "largest error of an eigenvalue over the spectral radius, with float32 arithmetic and with "
            "weights stored in bfloat16",
            "none: shown beside the sizes measured at d = 768",
        ),
    ),
    control=Control("singular values of the small product taken for those of the matrix"),
    figure="fast-spectrum",
    shards=("spectrum-identities",),
)

INIT_EIG_LAW = Claim(
    name="init-eig-law",
    statement=(
        "At initialisation the eigenvalues fill a disc, with the radial law $F(u) = [-(\\alpha - 1) + "
        "\\sqrt{(\\alpha - 1)^2 + 4u^2}]/2$ at aspect $\\alpha = d/d_h$."
    ),
    quantity="slope of the logarithm of the mean KS distance from the law on log $d_h$, worst aspect",
    prediction=None,
    tests=(
        Test(
            "slope",
            Below(-0.2),
            "slope of the logarithm of the mean KS distance from the law on log $d_h$, by aspect",
            "the distance from a wrong law tends to a constant, so that its slope tends to 0; the least "
            "steep expected is $-0.43$",
        ),
        Test(
            "rivals",
            Above(0.05),
            "KS distance from a rival law less that from the law, on the same eigenvalues at the largest "
            "$d_h$",
            "rivals are about 0.2 away where the aspect tells them apart, and finite size is worth 0.05 at "
            "$d_h = 64$",
        ),
        Test(
            "finite-size",
            Reported(),
            "edge, mean square modulus and share of real eigenvalues at the largest $d_h$, beside their "
            "limits",
            "none: how far a head of finite size is from the limit",
        ),
    ),
    control=Control(
        "the rival laws (circular at $\\alpha = 1$, that of square matrices otherwise) in place of the law "
        "(slope), and matrices for which the rival is true (rivals)"
    ),
    figure="eigenvalue-law",
    shards=("spectrum-laws*",),
)

INIT_SV_LAW = Claim(
    name="init-sv-law",
    statement=(
        "At initialisation the squared singular values follow the free product of two Marchenko-Pastur "
        "laws, with mean $\\alpha^2$ and second moment $\\alpha^4 + 2\\alpha^3$."
    ),
    quantity="mean KS distance of the squared singular values from the law, largest $d_h$, worst aspect",
    prediction=0.0,
    tests=(
        Test(
            "distance",
            Below(0.03),
            "mean KS distance from the law at the largest $d_h$, by aspect",
            "finite size is worth 0.02 at $d_h = 32$; the small product is 0.5 and more away",
        ),
        Test(
            "slope",
            Below(-0.2),
            "slope of the logarithm of that distance on log $d_h$, by aspect",
            "the distance from a wrong law has slope 0",
        ),
        Test(
            "moments",
            MatchesExact(0.02, independent=False),
            "first two moments at every size, beside their exact values, which tend to those of the law",
            "a seventh of what finite size adds to the second moment at $d_h = 8$ and $\\alpha = 1$",
        ),
        Test(
            "limit-moments",
            Reported(),
            "first two moments at the largest $d_h$ beside those of the law",
            "none: the exact values at this size are judged",
        ),
    ),
    control=Control("singular values of the small product, where $\\alpha > 1$ makes them differ"),
    figure="singular-value-law",
    shards=("spectrum-laws*",),
)

HAAR_NULL = Claim(
    name="haar-null",
    statement=(
        "If keys are rotated at random the trace score $z = \\mathrm{tr}(W)\\sqrt{d}/\\|W\\|_F$ has mean 0 "
        "and variance 1, whatever the weights are."
    ),
    quantity="mean of the trace score over random rotations, for heads that are far from Gaussian",
    prediction=0.0,
    tests=(
        Test(
            "mean",
            MatchesExact(0.1, independent=False),
            "mean of z over rotations: aligned, heavy-tailed and rank-one heads",
            "a tenth of its standard deviation: p-values of single heads would not notice more",
        ),
        Test(
            "variance",
            MatchesExact(0.1, independent=False),
            "mean square of z over the same rotations",
            "a tenth moves the 1 % point of the null by 5 %",
        ),
        Test(
            "initialisation",
            MatchesExact(0.1, independent=False),
            "tr W, its square, tr W² and the squared Frobenius norm of Gaussian heads, over $\\sqrt{d}$, d, "
            "d and d² (weights of variance 1)",
            "a tenth, as for the null",
        ),
        Test(
            "shuffled-columns",
            Reported(),
            "mean of z with the columns of the keys in random order, beside the z of the heads over d",
            "none: a random order is not a random rotation, and keeps a small part of the mean",
        ),
    ),
    control=Control("aligned heads that are not rotated (mean, variance, initialisation)"),
    figure="haar-null",
    shards=("spectrum-identities",),
)

CLAIMS: tuple[Claim, ...] = (FAST_SPECTRUM, INIT_EIG_LAW, INIT_SV_LAW, HAAR_NULL)
