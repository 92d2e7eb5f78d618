"""The claims of the family `transfer`, with margins fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Equals, Reported

MARGIN = 0.25
REASON = (
    "half the least drift of a rival parameterisation, -1/2 for Shampoo; over three doublings it moves the "
    "best rate by less than a factor of 1.7"
)
GRIDS = (
    "All seeds see the same minibatches. The grids of learning rates and the sizes of minibatches were "
    "chosen in trials with other seeds."
)
QUANTITY = "drift of $\\log_2$ of the best learning rate per doubling of the width"


def _claim(method: str, statement: str, rival: str, *more: Test) -> Claim:
    return Claim(
        name=f"lr-transfer-{method}",
        statement=f"{statement} {GRIDS}",
        quantity=QUANTITY,
        prediction=0.0,
        tests=(
            Test("drift", Equals(MARGIN), f"{QUANTITY}, maximal update", REASON),
            *more,
            Test("others", Reported(), f"{QUANTITY}, other parameterisations", "none: shown beside it"),
            Test(
                "smallest-width-left-out",
                Reported(),
                f"{QUANTITY} without the smallest width, where there are more than two",
                "none: how far drifts still change",
            ),
            Test(
                "optimum",
                Reported(),
                "$\\log_2$ of the best learning rate by width, maximal update",
                "none: what the drift is made of",
            ),
            Test(
                "regret",
                Reported(),
                "log of the training loss at the largest width with the rate that is best at the smallest, "
                "less that with the best of all",
                "none: what it costs to tune the narrow network; not measured where that rate diverges",
            ),
            Test(
                "transferred-diverges",
                Reported(),
                "share of seeds whose best rate at the smallest width diverges at the largest",
                "none: shown beside the regret",
            ),
            Test(
                "unmeasured",
                Reported(),
                "share of curves, of all widths and seeds, by what kept their optimum from being measured",
                "none: an optimum on the edge of the grid is not measured",
            ),
        ),
        control=Control(rival),
        figure=f"transfer-{method}",
        shards=(f"transfer-{method}-*", "transfer-n*", "transfer"),
    )


SHAMPOO = _claim(
    "shampoo",
    "Shampoo's best learning rate stays the same as the width grows in the maximal-update parameterisation, "
    "and falls in the standard one.",
    "Shampoo in the standard parameterisation",
)
SGD = _claim(
    "sgd",
    "Gradient descent's best learning rate stays the same as the width grows in the maximal-update "
    "parameterisation, and falls in the standard one.",
    "gradient descent in the standard parameterisation",
)
KFAC = _claim(
    "kfac",
    "K-FAC's best learning rate stays the same as the width grows in the maximal-update parameterisation. "
    "In the standard one it drifts by less than a quarter of a doubling per doubling of the width: transfer "
    "does not tell these two apart, and the control has the rates of another rule.",
    "K-FAC with the rates that are the maximal update of FOOF, whose first two layers grow with the width",
    Test("standard", Equals(MARGIN), f"{QUANTITY}, standard parameterisation", REASON),
)

CLAIMS: tuple[Claim, ...] = (SHAMPOO, SGD, KFAC)
