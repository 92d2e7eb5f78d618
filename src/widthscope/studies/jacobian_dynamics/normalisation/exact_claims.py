"""The claims on the Jacobian's norm and on the exactly known rotation, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Reported

SHARD = ("normalisation", "normalisation-identities")

JACOBIAN_BOUND = Claim(
    name="norm-jacobian-bound",
    statement=(
        "With tokens normalised to unit length times a gain $\\gamma$, the Jacobian of an update has "
        "$\\|J\\| "
        "\\le (\\max|\\gamma|/R)(1 + \\eta\\|J_{\\mathrm{MSA}}\\|)$, with R the shortest token "
        "before the norm."
    ),
    quantity="largest ratio of the norm to its bound over random draws",
    prediction=None,
    tests=(
        Test(
            "bound",
            Below(1.0),
            "largest ratio of the spectral norm to the bound over draws of weights, tokens, gains, steps and "
            "drives, and to its form for large steps, $\\max|\\gamma|(1 + \\eta\\|J_{\\mathrm{MSA}}\\|) / "
            "(\\eta\\varepsilon - \\max|\\gamma|)$",
            "an inequality: one draw above 1 refutes it",
        ),
        Test(
            "tightness",
            Reported(),
            "median of the same ratios",
            "none: how far the bound is from the norm",
        ),
    ),
    control=Control(
        "the longest token before the norm in place of the shortest, and the Jacobian of the update without "
        "the norm"
    ),
    figure="jacobian-bound",
    shards=SHARD,
)

ROTATION_EXACT = Claim(
    name="norm-rotation-exact",
    statement=(
        "A rotation in steps of $\\eta\\omega = \\tan\\theta$ has eigenvalues outside the unit circle; "
        "normalisation leaves exactly $0$, $\\cos\\theta$ and $e^{\\pm i\\theta}$, and exponents of 0."
    ),
    quantity="largest distance of an eigenvalue from the exact spectrum, over angles and states",
    prediction=0.0,
    tests=(
        Test(
            "spectrum",
            Below(1e-9),
            "largest distance of an eigenvalue of the normalised step from the exact spectrum, by optimal "
            "assignment; as one token with rotating values, and as an oscillator of all coordinates",
            "rounding of float64 with room for six digits",
        ),
        Test(
            "exponents",
            Below(1e-9),
            "largest modulus of the D - 1 tangent exponents over 16 steps",
            "as above",
        ),
        Test(
            "without-norm",
            Reported(),
            "largest distance of an eigenvalue of the step without the norm from $1 \\pm i\\tan\\theta$, "
            "which lie outside the unit circle",
            "none: where the control's eigenvalues are",
        ),
        Test(
            "unequal-frequencies",
            Reported(),
            "with three frequencies that differ: share of random states with an eigenvalue outside the unit "
            "circle",
            "none: normalisation keeps each step inside the circle for equal frequencies only",
        ),
        Test(
            "unequal-radii",
            Reported(),
            "with the same frequencies: spectral radius at random states, and once the fastest "
            "rotation alone "
            "is left",
            "none: states go where the radius is below 1",
        ),
    ),
    control=Control("the same rotation without the norm"),
    figure="rotation",
    shards=SHARD,
)

TOKEN_COUNT = Claim(
    name="norm-token-count",
    statement=(
        "Normalisation to unit length of tokens of length 100 makes the norm of the Jacobian more than ten "
        "times smaller at every number of tokens S. The factor is about the length that is divided out, and "
        "so less than ten for tokens of length $\\sqrt{D}$ here. The paper adds that the norm then no longer "
        "grows with S; with random tokens it does, which is shown and not judged."
    ),
    quantity="ratio of the Jacobian's norm with normalisation to that without, tokens of length 100",
    prediction=None,
    tests=(
        Test(
            "ratio",
            Below(0.1),
            "ratio of the spectral norms with and without normalisation at each S, tokens of length 100",
            "tenfold, fixed beforehand; a length of 100 divided out is worth a hundredfold",
        ),
        Test(
            "shorter-tokens",
            Reported(),
            "the same for tokens of length $\\sqrt{D}$ and of length 100, beside one over the length",
            "none: at shorter tokens less is divided out, and ten times is not reached below a length of ten",
        ),
        Test(
            "slope",
            Reported(),
            "slope of the logarithm of the norm on log S, with normalisation and without, for tokens of that "
            "length and of length √D; 0 is what the paper says of normalised ones",
            "none: the paper's tokens are from documents, and ours are random directions",
        ),
    ),
    control=Control("normalisation to the length that the tokens have already"),
    figure="token-count",
    shards=SHARD,
    needs="embeddings of real documents, as in the paper, for the growth with S",
)

CLAIMS: tuple[Claim, ...] = (JACOBIAN_BOUND, ROTATION_EXACT, TOKEN_COUNT)
