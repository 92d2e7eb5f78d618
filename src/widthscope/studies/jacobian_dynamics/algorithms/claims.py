"""The claims that all ways to a Jacobian and to its spectrum agree, with their tolerances."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Reported

MODELS = (
    "ten models (norms after and before attention, symmetric weights, oscillators) at random states, states "
    "reached by iteration, and states of trained weights"
)

ANALYTIC = Claim(
    name="algo-analytic",
    statement=(
        "The closed form of the Jacobian of one step is that of automatic differentiation, for every model, "
        "as a matrix and as products with tangents and cotangents."
    ),
    quantity="largest difference of an entry from autograd's over the largest entry and the tolerance",
    prediction=0.0,
    tests=(
        Test(
            "dense",
            Below(1.0),
            "largest difference of an entry from `torch.func` through the update, over $10^{-12}$ times the "
            f"largest entry: {MODELS}",
            "rounding is worth 1e-15 and a few sums of a hundred terms; a term that is left out, a hundredth "
            "and more",
        ),
        Test(
            "tangents",
            Below(1.0),
            "largest difference of $Jv$ and $J^\\top u$ from products with that matrix, over $10^{-12}$ "
            "times their largest entry",
            "as for the matrix",
        ),
    ),
    control=Control(
        "the closed form without the derivative of softmax (dense) and without the radial projector of the "
        "norm (tangents): the state at which it shows least"
    ),
    figure="algorithms",
    shards=("algorithms",),
)

ARNOLDI = Claim(
    name="algo-arnoldi",
    statement=(
        "Leading eigenvalues by Arnoldi's iteration on tangents, by LAPACK on the closed form, and by ARPACK "
        "on finite differences of the step are the same."
    ),
    quantity="largest distance of Arnoldi's leading eigenvalues from LAPACK's over the radius and tolerance",
    prediction=0.0,
    tests=(
        Test(
            "arnoldi",
            Below(1.0),
            "largest distance of a leading eigenvalue from LAPACK's, after matching, or of the spectral "
            f"radii, over $10^{{-8}}$ of the radius: {MODELS}",
            "the tolerance of the notes: residuals are 1e-12 and eigenvalues of such matrices move by up to "
            "a thousand of them",
        ),
        Test(
            "arpack",
            Below(1.0),
            "the same of ARPACK's eigenvalues, which know the step alone, over $10^{-6}$ of the radius",
            "central differences are good to 1e-10 of the Jacobian, and eigenvalues move by up to a thousand "
            "times that",
        ),
        Test(
            "work",
            Reported(),
            "tangents that Arnoldi needs, over the size of the state, mean by model; share of leading "
            "eigenvalues that are one of a pair",
            "none: what an eigenvalue costs",
        ),
    ),
    control=Control(
        "power iteration where a complex pair leads (arnoldi), and LAPACK on the closed form without the "
        "derivative of softmax (arpack): the state at which it shows least"
    ),
    figure="algorithms",
    shards=("algorithms",),
)

CLAIMS: tuple[Claim, ...] = (ANALYTIC, ARNOLDI)
