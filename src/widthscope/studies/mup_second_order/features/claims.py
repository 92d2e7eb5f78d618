"""The claim of the family `features`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Equals, Reported

SLOPE = "slope of $\\log_2$ of the test loss on $\\log_2 M$ above the base width, at one learning rate"

WIDER_IS_BETTER = Claim(
    name="wider-is-better-kfac",
    statement="On a task that few examples teach only to features, squares of projections on two hidden "
    "directions, wider networks trained by K-FAC generalise better in the maximal-update parameterisation "
    "and not in the standard one, whose features move less the wider they are: for this draw of the task and "
    "its minibatches, which all widths and seeds share. That $\\sigma_L = 0.6$, and that the slope leaves "
    "out the base width, were chosen in trials with other seeds; at 0.3, where f(0) is smaller, the paired "
    "difference was about 30 % smaller, and with the base width the standard slope was -0.05 to +0.08.",
    quantity=SLOPE,
    prediction=None,
    tests=(
        Test(
            "test-loss",
            Below(0.0),
            SLOPE,
            "the sign is what is claimed",
        ),
        Test(
            "difference",
            Below(-0.1),
            "$\\log_2$ of the test loss at the largest width, maximal update less standard, paired over "
            "seeds",
            "a tenth of a halving, a loss lower by 7 %, is the least that would matter",
        ),
        Test(
            "features",
            Equals(0.125),
            "slope of $\\log_2$ of the root mean square change of $h_2$ in training on $\\log_2 M$",
            "half the spacing, 1/4, of the exponents that rival parameterisations give",
        ),
        Test(
            "training-loss",
            Reported(),
            "slopes of the training loss above the base width, maximal update and standard",
            "none: shown beside the test loss",
        ),
        Test(
            "all-widths",
            Reported(),
            "slopes of the test loss from the base width on, maximal update and standard",
            "none: at the base width both are one network, which bends the slopes",
        ),
        Test(
            "output-at-start",
            Reported(),
            "root mean square of f(0) over that of the targets, at the smallest and the largest width",
            "none: where it is not small, residuals depend on the width",
        ),
    ),
    control=Control(
        "the standard parameterisation (test-loss, features); the same networks with only the readout "
        "trained, which start with the same outputs and learn no features (difference)"
    ),
    figure="features",
    shards=("features*",),
    needs="more seeds and larger widths; several draws of the task",
)

CLAIMS: tuple[Claim, ...] = (WIDER_IS_BETTER,)
