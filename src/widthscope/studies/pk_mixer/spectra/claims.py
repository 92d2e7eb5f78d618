"""Claims of the family `spectra`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, Reported

SHARDS = ("spectra*",)
M2 = "$M_2 = \\mathrm{E}\\, \\mathrm{tr}\\, (A^\\top A)^2$ over the columns"
HALF_WAY = (
    "half the distance of the limits 3 and 4; a line leaves out terms $1/S^2$, which move its end by about "
    "0.1"
)

LAYER = Claim(
    name="spectrum-layer",
    statement=(
        "At the start, with as many tokens as channels, a mixer's token layer has "
        "$M_2 = \\gamma (\\gamma + 1 + 1/S)$ and a sparse layer of the same density about "
        "$\\gamma (\\gamma + 1 + 3/S - 2/m)$: one limit, that of a dense layer. Random permutations leave a "
        "layer's singular values as they are. Weights of variance $2 / (p m)$ keep the mean square through "
        "ReLU layers."
    ),
    quantity="relative deviation of $M_2$ from its formula, pooled",
    prediction=0.0,
    tests=(
        Test(
            "mixer",
            MatchesExact(0.02),
            f"{M2} of mixer layers against its formula, by tokens and expansion",
            "half the least distance of the two formulas, 4 % at the largest number of tokens",
        ),
        Test(
            "sparse",
            MatchesExact(0.02),
            f"{M2} of sparse layers against its formula, with the exact number of connections, by tokens and "
            "expansion",
            "half the least distance of the two formulas, 4 % at the largest number of tokens",
        ),
        Test(
            "permuted",
            Below(1.0),
            "largest difference of a singular value of the randomly permuted layer from the mixer layer's "
            "with "
            "the same weight, over $10^{-12}$ of the largest",
            "an identity: only rounding is left",
        ),
        Test(
            "signal",
            Equals(0.5),
            "mean square of the activations behind sparse ReLU layers over that of the inputs",
            "without the density each layer would lose a factor $1/p$, at least four",
        ),
    ),
    control=Control(
        "the other form's layers judged by the formula (mixer, sparse), a sparse layer of the same density "
        "(permuted), weights of variance $2 / m$ (signal)"
    ),
    figure="layer-moments",
    shards=SHARDS,
)

PRODUCT = Claim(
    name="spectrum-product",
    statement=(
        "At the start, two linear layers tell the forms apart: $M_2 / M_1^2$ of their product tends to 4 "
        "for a "
        "mixer, whose singular values multiply, and to 3 for a randomly permuted mixer and for sparse "
        "layers, "
        "whose factors are free of each other. The ratio does not see whether a permutation mixes all "
        "blocks, "
        "the share of non-zero entries does. A mixer's moments are drawn as products of its small factors' "
        "moments, which is tested on whole matrices. A straight line in $1/S$ leaves out $1/S^2$, so that "
        "with many draws its end misses a limit by more than its own error: margins tell 4 from 3 and do not "
        "say that the interval at the end holds the limit."
    ),
    quantity="$M_2 / M_1^2$ of the product of two mixer layers, extrapolated to infinitely many tokens",
    prediction=4.0,
    tests=(
        Test(
            "mixer",
            Equals(0.5),
            "end at $1/S = 0$ of a weighted line through $M_2 / M_1^2$ of $V^\\top \\otimes W$",
            HALF_WAY,
        ),
        Test(
            "permuted",
            Equals(0.5),
            "the same for two mixing layers with a random permutation between them",
            HALF_WAY,
        ),
        Test("sparse", Equals(0.5), "the same for two sparse layers", HALF_WAY),
        Test(
            "factors",
            Below(1.0),
            "largest relative difference of the moments of a whole product of two mixer layers, with the "
            "commutation between them, from products of its factors' moments, over $10^{-12}$, by tokens",
            "an identity: only rounding is left",
        ),
        Test(
            "finite-mixer",
            MatchesExact(0.03),
            "$M_2 / M_1^2$ of mixer products against $((2 + 1/S) / (1 + 2/S^2))^2$, by tokens",
            "a tenth of the relative distance of the limits 3 and 4",
        ),
        Test(
            "finite-sparse",
            MatchesExact(0.03),
            "$M_2$ of products of sparse layers against its formula at finite size, by tokens",
            "a tenth of the relative distance of the limits 3 and 4",
        ),
        Test(
            "fill",
            Above(0.5),
            "share of non-zero entries of the product with a random permutation between its layers, by "
            "tokens",
            "half of all entries: about $1 - (1 - 1/S)^S$, at least 0.63, is expected, and $1/S$ where "
            "blocks "
            "do not mix",
        ),
        Test(
            "fill-commutation",
            Reported(),
            "share of non-zero entries of the mixer's product, by tokens",
            "none: a commutation sends a unit of every block to each block, so that all entries are filled",
        ),
        Test(
            "line",
            Reported(),
            "$\\chi^2$ of each line over its degrees of freedom",
            "none: above one where terms $1/S^2$ are resolved",
        ),
        Test(
            "line-end",
            Reported(),
            "end of the mixer's line less 4",
            "none: an interval without 0 shows the terms $1/S^2$ that a line leaves out",
        ),
    ),
    control=Control(
        "the product without a permutation, which tends to 3 (mixer, finite-mixer) and fills a share $1/S$ "
        "(fill); the product with a random permutation (factors); the mixer's product, which tends to 4 "
        "(permuted, sparse, finite-sparse)"
    ),
    figure="product-spectra",
    shards=SHARDS,
    needs="more tokens, and more draws of large products",
)

CLAIMS: tuple[Claim, ...] = (LAYER, PRODUCT)
