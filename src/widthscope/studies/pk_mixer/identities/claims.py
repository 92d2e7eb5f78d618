"""Claims of the family `identities`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("identities*",)
ROUNDING = (
    "two evaluations of a sum of $k$ products in float64 lie within $2 k u / (1 - k u)$ of each other, "
    "relative to the sum of absolute values, $u = 2^{-53}$: one is all that rounding allows"
)

VEC = Claim(
    name="vec-identity",
    statement=(
        "Token mixing $W X$ is the layer $I_C \\otimes W$ on $\\mathrm{vec}(X)$, and channel mixing $X V$ is "
        "$V^\\top \\otimes I_S = J^\\top (I_S \\otimes V^\\top) J$, with $J$ the commutation matrices of the "
        "tables before and after."
    ),
    quantity="largest deviation of the two over what rounding allows",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation over draws of the fast mixing from the dense matrix on $\\mathrm{vec}(X)$, "
            "over "
            "the bound on rounding, by formula and shape",
            ROUNDING,
        ),
    ),
    control=Control(
        "the factors in the other order, which is what a row-major reshape has, and $I_S \\otimes V^\\top$ "
        "without its permutations: the least deviation"
    ),
    figure="effective-weights",
    shards=SHARDS,
)

BLOCK = Claim(
    name="block-equivalence",
    statement=(
        "A whole mixer block, with layer norm, GELU and skip connections, is a sparse network of width $S C$ "
        "on $\\mathrm{vec}(X)$, whose weights are Kronecker products with identities."
    ),
    quantity="largest deviation over $10^{-12}$ of the largest output",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest deviation over draws of the block's output from that of the wide network, over "
            "$10^{-12}$ times the largest output, by shape",
            "a few thousand roundings of $10^{-16}$; another network would differ in the first digit",
        ),
    ),
    control=Control("a wide network whose layer norm averages over tokens in place of channels"),
    figure="effective-weights",
    shards=SHARDS,
)

MONARCH = Claim(
    name="monarch",
    statement=(
        "A linear token mixing with the channel mixing after it is a Monarch matrix with equal blocks, "
        "$V^\\top \\otimes W = J^\\top (I_S \\otimes V^\\top) J (I_C \\otimes W)$."
    ),
    quantity="largest deviation of an entry, over $2^{-53}$ of the largest entry",
    prediction=0.0,
    tests=(
        Test(
            "matrix",
            Below(1.0),
            "largest deviation over draws of an entry of the Monarch product from the Kronecker product's, "
            "over $2^{-53}$ of the largest entry, by shape",
            "each entry is one product and sums of zeros: less than one rounding may differ",
        ),
        Test(
            "tables",
            Below(1.0),
            "largest deviation over draws of the Monarch product of a table from the two mixings, over the "
            "bound on rounding, by shape",
            ROUNDING,
        ),
    ),
    control=Control("the product without permutations (matrix), and with transposed token blocks (tables)"),
    figure="effective-weights",
    shards=SHARDS,
)

DENSITY = Claim(
    name="density",
    statement="The effective weights of a token mixing have density $1/C$, those of a channel mixing $1/S$.",
    quantity="share of non-zero entries, counted",
    prediction=None,
    tests=(
        Test(
            "density",
            Equals(1e-12),
            "share of non-zero entries of the dense matrix of a layer with Gaussian weights, the draw "
            "furthest "
            "from the prediction, by layer and shape",
            "a count over a count: only its division rounds",
        ),
    ),
    control=Control("the two densities interchanged"),
    figure="effective-weights",
    shards=SHARDS,
)

OPTIMUM = Claim(
    name="width-optimum",
    statement=(
        "Of all whole shapes within $\\Omega = \\gamma m (S + C) / 2 = \\gamma n^3$ connections, $n$ "
        "whole, the widest has $S = C = (\\Omega / \\gamma)^{1/3}$ and $m = (\\Omega / \\gamma)^{2/3}$. "
        "Along that curve the free parameters $\\gamma (S^2 + C^2)$ are then fewest: the two budgets pull in "
        "opposite directions."
    ),
    quantity="tokens $S$ of the widest shape",
    prediction=None,
    tests=(
        Test(
            "tokens",
            Equals(0.5),
            "tokens of the widest shape that a search over whole numbers finds, by expansion and budget",
            "the nearest whole number",
        ),
        Test(
            "width",
            Equals(1e-9),
            "width of that shape over the closed form, by expansion and budget",
            "budgets are cubes, of which the widest shape is whole: only rounding is left",
        ),
        Test(
            "fewest-parameters",
            Equals(0.5),
            "tokens of the shape with the fewest free parameters at that number of connections, channels "
            "being real numbers, by expansion and budget",
            "the nearest whole number",
        ),
    ),
    control=Control(
        "the width of a dense layer of the budget, $(\\Omega / \\gamma)^{1/2}$, and equal sides of that width"
    ),
    figure="effective-width",
    shards=SHARDS,
)

BOUND = Claim(
    name="l1-bound",
    statement=(
        "For $B = V^\\top \\otimes W$ the norms are products, $\\|B\\|_1 = \\|V\\|_1 \\|W\\|_1$ and "
        "$\\|B\\|_F = \\|V\\|_F \\|W\\|_F$; $\\|B\\|_1 \\le (n_W \\|V\\|_F^2 + n_V \\|W\\|_F^2) / 2$, with "
        "equality where all entries of both have one size; and the least $(\\|V\\|_F^2 + \\|W\\|_F^2) / 2$ "
        "over "
        "rescalings is $\\|B\\|_F$, not its square. The inequality is derived in docs/theory/pk_mixer.md; "
        "the "
        "paper's own proposition was not seen."
    ),
    quantity="least slack of the bound, relative to it",
    prediction=None,
    tests=(
        Test(
            "slack",
            Above(0.0),
            "least $1 - \\|B\\|_1 / \\mathrm{bound}$ over draws, by shape",
            "the sign is what is claimed",
        ),
        Test(
            "norms",
            Below(1.0),
            "largest relative deviation over draws from the three equalities, over the bound on rounding "
            "and, "
            "for the least penalty, over $10^{-9}$, by equality and shape",
            "a sum of $n$ terms is right to $n u$; the minimum is found by a search with this tolerance",
        ),
        Test(
            "equality",
            Below(1.0),
            "largest slack over draws where all entries have one size, over the bound on rounding, by shape",
            "sums of $n$ equal terms: only rounding is left",
        ),
    ),
    control=Control(
        "$(\\|V\\|_F^2 + \\|W\\|_F^2) / 2$ in the bound's place (slack), sums of norms and $\\|B\\|_F^2$ "
        "(norms), entries of $V$ twice as large as those of $W$ (equality)"
    ),
    figure="effective-width",
    shards=SHARDS,
)

COST = Claim(
    name="rp-cost",
    statement=(
        "A randomly permuted layer with $S = C$ stores numbers in proportion to its width $m$, weights, "
        "permutations and their inverses, which gradients use, together, and multiplies $m^{3/2}$ times for "
        "an example; a dense weight with a mask takes $m^2$ of both. What this is in seconds, a benchmark "
        "measures."
    ),
    quantity="exponent of the numbers stored",
    prediction=1.0,
    tests=(
        Test(
            "stored",
            Equals(0.01),
            "slope of the log of the numbers that a network's tensors hold for the layer on $\\log m$",
            "counts of tensors: exact powers; a hundredth is far from the next half",
        ),
        Test(
            "multiply-adds",
            Equals(0.01),
            "slope of the log of the multiply-adds of an example, counted while the layer runs, on $\\log m$",
            "counts of products: exact powers; a hundredth is far from the next half",
        ),
        Test(
            "ratio",
            Reported(),
            "the dense mask over the permuted layer at the largest width",
            "none: what the exponents lead to",
        ),
    ),
    control=Control("a dense weight with a mask of the same width"),
    figure="layer-costs",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (VEC, BLOCK, MONARCH, DENSITY, OPTIMUM, BOUND, COST)
