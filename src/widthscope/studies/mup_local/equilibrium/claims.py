"""The claims on the equilibrium, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("equilibrium",)
QUARTER = "a quarter of 1/2, by which rival exponents differ: half of the way to the middle between two"

CLOSED_FORM = Claim(
    name="pc-equilibrium-closed-form",
    statement=(
        "In a linear network the equilibrium of predictive coding is $e_L = (I + C_\\gamma)^{-1} (y - f)$ "
        "and $e_l = (\\gamma_L/\\gamma_l) W_{L:l+1}^\\top e_L$; its energy is "
        "$(\\gamma_L/2)\\, (y - f)^\\top (I + C_\\gamma)^{-1} (y - f)$, whose derivative is the learning "
        "gradient."
    ),
    quantity="largest deviation of states, errors, energy and gradient from a joint solve",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1e-10),
            "largest deviation of states, errors, energy and gradient from a joint solve",
            "rounding errors of 64-bit numbers stay below; a wrong form is off by a tenth",
        ),
    ),
    control=Control("the closed form that forgets the weights $\\gamma_l$ of the layers below the last"),
    figure="pc-equilibrium",
    shards=SHARDS,
)

FIXED_PREDICTIONS = Claim(
    name="pc-fpa-equals-bp",
    statement=(
        "A single inference pass with fixed predictions gives exactly $\\gamma_L$ times the gradient of "
        "back-propagation, in nonlinear networks too."
    ),
    quantity="largest deviation of weights' gradients from $\\gamma_L$ times those of back-propagation, tanh",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1e-12),
            "largest deviation of weights' gradients from $\\gamma_L$ times those of back-propagation, tanh",
            "rounding errors of 64-bit numbers stay below; a wrong rule is off by a tenth or more",
        ),
    ),
    control=Control("the same pass with predictions that move with the states"),
    figure="pc-equilibrium",
    shards=SHARDS,
)

GAUSS_NEWTON = Claim(
    name="pc-gnt-limit",
    statement=(
        "For a large weight of the output's energy the errors at the equilibrium of a linear network become "
        "those of the Gauss-Newton target, at a distance that falls as $1/\\gamma_L$."
    ),
    quantity="slope of the first layer's distance from the Gauss-Newton target on $\\gamma_L \\geq 100$",
    prediction=-1.0,
    tests=(
        Test(
            "slope",
            Equals(0.05),
            "slope of the first layer's distance from the Gauss-Newton target on $\\gamma_L \\geq 100$",
            "the next term is worth a hundredth at the smallest $\\gamma_L$; another power would be off by 1",
        ),
    ),
    control=Control("the distance from the direction of back-propagation"),
    figure="pc-equilibrium",
    shards=SHARDS,
)

STABILITY = Claim(
    name="pc-inference-stability",
    statement=(
        "One step size of the inference serves all widths where $\\gamma_L W_L^\\top W_L$ stays of order "
        "one: the largest eigenvalue of the energy's Hessian in the states does not grow with $b_L = 1$, "
        "whether $\\bar\\gamma_L$ is 0 or $-1$, and does with $b_L = 1/2$ and $\\bar\\gamma_L = -1$."
    ),
    quantity="slope of the largest eigenvalue of the energy's Hessian on the width, linear networks",
    prediction=0.0,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope of the largest eigenvalue of the energy's Hessian on the width, linear networks",
            QUARTER,
        ),
        Test(
            "grows",
            Above(0.125),
            "the same slope with $b_L = 1/2$ and $\\bar\\gamma_L = -1$",
            "the margin of the other two; it tends to 1, from below while the hidden layers' own eigenvalues "
            "are as large",
        ),
        Test("level", Reported(), "the largest eigenvalue by width", "none: 2 over it bounds the step size"),
    ),
    control=Control("$b_L = 1/2$ with $\\bar\\gamma_L = -1$ (slope), and the two stable ones (grows)"),
    figure="pc-equilibrium",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (CLOSED_FORM, FIXED_PREDICTIONS, GAUSS_NEWTON, STABILITY)
