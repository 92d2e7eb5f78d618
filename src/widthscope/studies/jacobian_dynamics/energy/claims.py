"""The claims about energies, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("energy*",)
TENTH = "one draw of weights in ten: none of 128 leaves less than that possible, and controls are far above"
ROUNDED = "rounding alone (some 1e-15): a formula that leaves a term out errs by a part of the rate"
FOUND = "share of draws of weights for which a state was found whose energy rises, at random or by climbing"

PROJECTED = Test(
    "projected",
    Reported(),
    "share of draws of the same weights with a rise among random states if tokens are kept on the sphere",
    "none: the condition is about flows without projection",
)

SINGLE_IDENTITY = Claim(
    name="energy-single-identity",
    statement="One head with a symmetric A as its value, tokens on the sphere: energy falls at $dE/dt = "
    "-\\sum_i Z_i \\|\\mathrm{Proj}_i A m_i\\|^2$, at every inverse temperature $\\beta$.",
    quantity=FOUND,
    prediction=0.0,
    tests=(
        Test("descent", Below(0.1), FOUND, TENTH),
        Test(
            "identity",
            Below(1e-9),
            "largest relative error of the formula against autograd along the flow, over draws and states",
            ROUNDED,
        ),
    ),
    control=Control("the value −A (descent); the formula without the projection (identity)"),
    figure="energy-conditions",
    shards=SHARDS,
)

GENERAL_VALUE = Claim(
    name="energy-general-value",
    statement="With a symmetric A and without projection energy falls for every value matrix with "
    "$\\mathrm{sym}(A W_V^\\top) \\ge 0$, symmetric or not.",
    quantity=FOUND,
    prediction=0.0,
    tests=(
        Test("descent", Below(0.1), FOUND, TENTH),
        Test(
            "identity",
            Below(1e-9),
            "largest relative error of $-\\sum_i Z_i m_i^\\top A W_V^\\top m_i$ against autograd",
            ROUNDED,
        ),
        PROJECTED,
    ),
    control=Control(
        "a random value, for which $A W_V^\\top$ is indefinite (descent); $W_V$ transposed (identity)"
    ),
    figure="energy-conditions",
    shards=SHARDS,
)

MULTIHEAD_ORTHOGONAL = Claim(
    name="energy-multihead-orthogonal",
    statement="Several heads with symmetric $A_h$ as their values, of mutually orthogonal ranges and without "
    "projection: energy falls. Where ranges overlap it may rise, as with $A_1 = I$ and $A_2 = -c I$.",
    quantity=FOUND,
    prediction=0.0,
    tests=(
        Test("descent", Below(0.1), FOUND, TENTH),
        Test(
            "identity",
            Below(1e-9),
            "largest relative error of $-\\sum_{h,i} Z_{h,i} \\|A_h m_{h,i}\\|^2$ against autograd",
            ROUNDED,
        ),
        Test(
            "overlap",
            Equals(1e-9),
            "dE/dt of two overlapping heads at equal tokens over its positive closed form",
            ROUNDED,
        ),
        PROJECTED,
    ),
    control=Control(
        "every second head −2 times the one before it (descent); the formula for heads whose ranges "
        "overlap (identity, overlap)"
    ),
    figure="energy-conditions",
    shards=SHARDS,
)

ASYMMETRIC_A = Claim(
    name="energy-asymmetric-a",
    statement="The exponential energy also falls for an asymmetric A with the value $\\mathrm{sym}(A)$, at "
    "every $\\beta$: one head on the sphere (Proposition 4.1), and heads $A_h = U_{1,h} U_{2,h}^\\top$ of "
    "orthonormal blocks without projection (Proposition 4.2). The paper's own formula of its energy was not "
    "seen: refuted here means not confirmed for the exponential energy.",
    quantity=FOUND,
    prediction=0.0,
    tests=(
        Test(
            "every-beta",
            Below(0.1),
            FOUND + "; both propositions, the first also with sym(A) in the exponent of the energy",
            TENTH,
        ),
        Test(
            "symmetrised",
            Below(0.1),
            FOUND + ": the same weights with A replaced by sym(A), for which descent is exact",
            TENTH,
        ),
        Test(
            "two-tokens",
            Below(1e-9),
            "two tokens at an angle $\\varphi$ with $A = [[1, a], [-a, 1]]$: largest error of the closed "
            "form that is positive iff $a \\cos\\varphi \\tanh(\\beta a \\sin\\varphi) > \\sin\\varphi$, "
            "over $\\sum_i |\\nabla_i E| |f_i|$",
            ROUNDED,
        ),
        Test(
            "threshold",
            Equals(0.01),
            "measured $\\beta$ above which tokens next to the leading eigenvector $v$ of sym(A) gain energy, "
            "over $\\mu / \\|\\mathrm{skew}(A) v\\|^2$, $\\mu$ its eigenvalue: Proposition 4.1",
            "the expansion errs by the square of the tokens' distance, 1e-6; a hundredth tells any other "
            "formula",
        ),
        Test(
            "ring",
            Equals(1e-9),
            "dE/dt over $\\sum_i |\\nabla_i E| |f_i|$ of a ring of tokens in one head's blocks, against "
            "$(1 - r^2)/(1 + r^2) > 0$ at every $\\beta$: Proposition 4.2",
            ROUNDED,
        ),
        Test(
            "lowest-threshold",
            Reported(),
            "share of draws of A for which that threshold lies below $\\beta$ for some eigenvector",
            "none: how low the first rise is, by formula",
        ),
        Test(
            "random-states",
            Reported(),
            "share of draws of weights with a rise among their random states alone",
            "none: how rarely random states show what climbing the rate does",
        ),
    ),
    control=Control(
        "the value −A (every-beta, symmetrised); formulas that leave out the skew part (two-tokens, "
        "threshold); the ring with sym(A) (ring)"
    ),
    figure="energy-counter-examples",
    shards=SHARDS,
)

CONTROLS = Claim(
    name="energy-controls",
    statement="Energy rises for a good part of random states where no condition holds: with the value −A, "
    "with a skew value, and with the value I beside an indefinite A.",
    quantity="share of draws of weights whose random state gains energy",
    prediction=None,
    tests=(
        Test(
            "rises",
            Above(0.1),
            "share of draws of weights whose random state, one for each draw, gains energy",
            "a tenth: a check that finds fewer rises where descent is impossible would not notice them",
        ),
    ),
    control=Control("the value A, for which energy falls"),
    figure="energy-conditions",
    shards=SHARDS,
)

DISCRETE_STEP = Claim(
    name="energy-discrete-step",
    statement="In discrete time energy falls at every step only if steps are small: explicit steps with the "
    "value A = $A^\\top$, tokens taken back to the sphere, are safe below $\\eta = 2/(\\mu_{\\max} - "
    "\\min(\\mu_{\\min}, 0))$ of the eigenvalues of A and not above.",
    quantity="share of runs, one for each draw of weights, in which energy rises at any step: small η",
    prediction=0.0,
    tests=(
        Test(
            "small-steps",
            Below(0.1),
            "share of runs, one for each draw of weights, in which energy rises at any step: small η",
            TENTH,
        ),
        Test(
            "large-steps",
            Above(0.1),
            "share of the steps of a run at which energy rises, over the draws: large η",
            "a tenth: more than the first few steps of a run",
        ),
        Test(
            "below-limit",
            Below(0.1),
            "share of runs with a rise at 0.8 of the limit of the draw's A",
            TENTH,
        ),
        Test(
            "above-limit",
            Above(0.9),
            "share of runs with a rise at 1.25 of that limit",
            "nine in ten: the limit is where the mean of the tokens must leave the leading eigenvector",
        ),
        Test(
            "unprojected",
            Reported(),
            "share of runs with a rise without projection, in the first 20 steps",
            "none: shown beside the projected runs",
        ),
    ),
    control=Control("large steps for small ones and the other way round; likewise about the limit"),
    figure="energy-steps",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (
    SINGLE_IDENTITY,
    GENERAL_VALUE,
    MULTIHEAD_ORTHOGONAL,
    ASYMMETRIC_A,
    CONTROLS,
    DISCRETE_STEP,
)
