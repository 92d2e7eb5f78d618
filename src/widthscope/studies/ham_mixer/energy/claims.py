"""The claims on Lagrangians and on energies along the dynamics, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHARDS = ("energy*",)
UNIT = "$10^{-12}$"
ROUNDING_REASON = (
    "rounding in float64 is worth some $10^{-15}$ times a condition number of order one; a wrong formula "
    "errs by a thousandth and more"
)
RARE, MOST = 0.05, 0.5
RARE_REASON = (
    "at the default sizes, none of 256 runs leaves less than 4.5 % possible at the study's level; "
    "independent backward matrices raise the energy in most runs"
)
MOST_REASON = "that asymmetric couplings raise the energy is the rule, and not the exception"
STEP_REASON = (
    "rounding of an energy is worth some $10^{-15}$ of it; steps of the symmetric dynamics fall by "
    "$10^{-5}$ of the range and more while anything moves"
)
RISE = "share of runs in which a step raised the energy by more than $10^{-9}$ of the run's range"
LARGEST = "largest rise of any step of any run, over $10^{-9}$ of the run's range"

LAGRANGIAN_LN = Claim(
    name="lagrangian-ln",
    statement="Layer normalisation over tokens and channels together is the gradient of the Lagrangian "
    "$N\\sqrt{\\mathrm{var}(x) + \\epsilon}$ of a state of $N$ entries.",
    quantity=f"largest error of an entry of the gradient, in units of {UNIT}",
    prediction=0.0,
    tests=(
        Test(
            "gradient",
            Below(1.0),
            f"largest difference of the gradient and the normalised state over random states, over {UNIT}, "
            "by $\\epsilon$",
            ROUNDING_REASON,
        ),
    ),
    control=Control(
        "the length of the centred state, $\\sqrt{N\\,\\mathrm{var}(x)}$, which lacks a factor "
        "$\\sqrt N$, and the sum of such Lagrangians of the single tokens: the least error over states"
    ),
    figure="energy-lagrangians",
    shards=SHARDS,
)

LAGRANGIAN_GELU = Claim(
    name="lagrangian-gelu",
    statement="GELU is the derivative of "
    "$\\frac14\\left(z^2 + (z^2 - 1)\\,\\mathrm{erf}(z/\\sqrt2) + z\\sqrt{2/\\pi}\\,e^{-z^2/2}\\right)$, as "
    "ReLU is that of half its square and tanh that of $\\log\\cosh z$.",
    quantity=f"largest error of the derivative between -6 and 6, in units of {UNIT}",
    prediction=0.0,
    tests=(
        Test(
            "derivative",
            Below(1.0),
            f"largest difference of the derivative and the activation between -6 and 6, over {UNIT}",
            ROUNDING_REASON,
        ),
    ),
    control=Control("the approximation of GELU by tanh, which is off by some ten thousandths"),
    figure="energy-lagrangians",
    shards=SHARDS,
)

HESSIAN = Claim(
    name="hessian",
    statement="The Hessian of the normalisation's Lagrangian is "
    "$(I - 11^\\top/N - gg^\\top/N)/\\sigma$: positive semidefinite, and zero along the constant state and "
    "along the state itself, so that a decay of the state costs no energy.",
    quantity=f"largest error of an entry, in units of {UNIT}",
    prediction=0.0,
    tests=(
        Test(
            "formula",
            Below(1.0),
            f"largest error of an entry, and of $u^\\top H u$ computed without the matrix, over {UNIT}",
            ROUNDING_REASON,
        ),
        Test(
            "null-directions",
            Below(1.0),
            f"largest entry of the Hessian times the constant state, and times the state, over {UNIT}",
            ROUNDING_REASON,
        ),
        Test(
            "least-eigenvalue",
            Above(-1.0),
            f"least eigenvalue over random states, over {UNIT}",
            "rounding of an eigenvalue that is zero; a Lagrangian that is not convex has some of order one",
        ),
    ),
    control=Control(
        "the formula without the state's direction (formula); a normalisation that keeps the mean, and one "
        "with $\\epsilon = 1$ (null-directions); GELU's Lagrangian between -2 and -1 (least-eigenvalue)"
    ),
    figure="energy-lagrangians",
    shards=SHARDS,
)

SKIP_DECAY = Claim(
    name="skip-decay",
    statement="A step with decay, $x \\leftarrow (1 - e)x + e\\,U(\\mathrm{LN}\\,x)$, is a residual block: "
    "with a residual branch that grows as $(1 - e)^{-(n+1)}$ both have the same normalised states.",
    quantity="largest difference of the normalised states along the steps, in units of $10^{-10}$",
    prediction=0.0,
    tests=(
        Test(
            "distance",
            Below(1.0),
            "largest difference of an entry of the normalised states over all steps and random systems, over "
            "$10^{-10}$",
            "rounding is worth $10^{-15}$ in each of a few dozen steps, and the dynamics may enlarge it; "
            "branches of another size part by order one",
        ),
    ),
    control=Control("a residual branch of constant size: the system that it changes least"),
    figure="energy-skip",
    shards=SHARDS,
)

ENERGY_ODE = Claim(
    name="energy-ode",
    statement="With fast hidden layers and symmetric couplings the energy of a hierarchical associative "
    "memory never rises along its continuous dynamics, with a decay of the state and without, for ReLU and "
    "for GELU; with independent backward matrices it rises in most runs. Shown for Gaussian couplings and "
    "initial states.",
    quantity="share of symmetric runs in which the energy rose",
    prediction=0.0,
    tests=(
        Test("symmetric", Below(RARE), f"{RISE}, symmetric couplings", RARE_REASON),
        Test("largest-rise", Below(1.0), f"{LARGEST}, symmetric couplings", STEP_REASON),
        Test("asymmetric", Above(MOST), f"{RISE}, independent backward matrices", MOST_REASON),
        Test(
            "other-lagrangian",
            Reported(),
            f"{RISE}, symmetric couplings, energy by the Lagrangian $\\sqrt{{N\\,\\mathrm{{var}}(x)}}$ that "
            "lacks a factor",
            "none: with a wrong Lagrangian the right dynamics look as if they climbed",
        ),
    ),
    control=Control(
        "independent backward matrices, and the energy by a Lagrangian that lacks a factor (symmetric); the "
        "median of runs with independent matrices (largest-rise); symmetric couplings (asymmetric)"
    ),
    figure="energy-flow",
    shards=SHARDS,
)

ENERGY_DISCRETE = Claim(
    name="energy-discrete",
    statement="Where hidden units have a convex Lagrangian, ReLU or tanh, a block with symmetric couplings "
    "and a normalisation without gain never raises its energy, at any step size; with independent backward "
    "matrices it does in most runs. Shown for Gaussian couplings and initial states.",
    quantity="share of symmetric runs in which a step raised the energy",
    prediction=0.0,
    tests=(
        Test("symmetric", Below(RARE), f"{RISE}, symmetric couplings, by step size", RARE_REASON),
        Test("largest-rise", Below(1.0), f"{LARGEST}, symmetric couplings, by step size", STEP_REASON),
        Test("asymmetric", Above(MOST), f"{RISE}, independent backward matrices, by step size", MOST_REASON),
        Test(
            "gelu",
            Reported(),
            f"{RISE}, symmetric couplings and GELU, whose Lagrangian is not convex",
            "none: nothing forbids a rise, and at these sizes none is expected",
        ),
        Test(
            "gain",
            Reported(),
            f"{RISE}, symmetric couplings and ReLU, where the normalised state is multiplied by a random "
            "gain for every entry",
            "none: the transpose of gain and matrix is then not the matrix's transpose",
        ),
    ),
    control=Control(
        "independent backward matrices (symmetric), the median of their runs (largest-rise); symmetric "
        "couplings (asymmetric)"
    ),
    figure="energy-steps",
    shards=SHARDS,
)

COUNTEREXAMPLE = Claim(
    name="gelu-discrete-counterexample",
    statement="Convexity is needed: with GELU a symmetric block can raise its energy in a large step, in "
    "memories of one unit on each axis, three tokens, two channels, and Gaussian couplings; with ReLU it "
    "cannot. The largest steps and the threshold of 0.05 % were chosen in trials with other seeds, in which "
    "couplings were divided by the root of the number of inputs; they no longer are, as in the notes.",
    quantity="share of GELU runs in which a step raised the energy, at the largest step size",
    prediction=None,
    tests=(
        Test(
            "gelu",
            Above(5e-4),
            f"{RISE}, GELU, largest steps, by scale of the couplings",
            "at the default sizes, twice what none of 40000 runs leaves possible at the study's level, so "
            "that ReLU is told apart",
        ),
        Test(
            "relu",
            Below(5e-4),
            f"{RISE}, ReLU, largest steps, by scale of the couplings",
            "at the default sizes, twice what none of 40000 runs leaves possible at the study's level",
        ),
        Test("gelu-all-steps", Reported(), f"{RISE}, GELU, by scale and step size", "none: how rare it is"),
        Test(
            "relu-all-steps", Reported(), f"{RISE}, ReLU, by scale and step size", "none: shown beside GELU"
        ),
    ),
    control=Control("each in the other's place: ReLU (gelu), GELU (relu)"),
    figure="energy-steps",
    shards=SHARDS,
    needs="more systems: the share is a few thousandths",
)

FINITE_TAU = Claim(
    name="finite-tau-gelu",
    statement="Where hidden layers have a time constant of their own, GELU can raise the energy of a "
    "symmetric memory, and does in most runs whose hidden states start between -3 and -0.8, where GELU "
    "falls; ReLU does not. Of hidden states that start anywhere the shares are reported.",
    quantity="share of GELU runs in which the energy rose, from hidden states where GELU falls",
    prediction=None,
    tests=(
        Test(
            "gelu",
            Above(MOST),
            f"{RISE}, GELU, by scale of the couplings",
            "that GELU raises the energy from such states is the rule, and not the exception",
        ),
        Test(
            "relu",
            Below(0.1),
            f"{RISE}, ReLU, by scale of the couplings",
            "at the default sizes, none of 128 runs leaves at most 9 % possible at the study's level",
        ),
        Test("largest-rise-relu", Below(1.0), f"{LARGEST}, ReLU, by scale of the couplings", STEP_REASON),
        Test(
            "from-anywhere",
            Reported(),
            f"{RISE}, hidden states that start as N(0, 4), largest scale",
            "none: there the falling parts outweigh",
        ),
    ),
    control=Control(
        "each in the other's place: ReLU (gelu), GELU (relu), the median of its runs (largest-rise)"
    ),
    figure="energy-hidden",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (
    LAGRANGIAN_LN,
    LAGRANGIAN_GELU,
    HESSIAN,
    SKIP_DECAY,
    ENERGY_ODE,
    ENERGY_DISCRETE,
    COUNTEREXAMPLE,
    FINITE_TAU,
)
