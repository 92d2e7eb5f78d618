"""The claims of the family `transfer`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Equals, Reported

SHARDS = ("transfer*",)
QUARTER = "a rate tuned four doublings away is off by a factor of two at most, the step of a usual grid"
DRIFT = "drift of log2 of the best learning rate per doubling of the width"
CHOSEN = (
    "Rates are compared by the loss on the minibatches of the second half of a training, and networks that "
    "diverge count as untrained: a choice after exploratory runs at other seeds, in which the loss after the "
    "last step depended on the phase of an oscillation. The drift of the latter is reported."
)


def _transfer_tests() -> tuple[Test, ...]:
    return (
        Test("drift", Equals(0.25), DRIFT, QUARTER),
        Test(
            "without-narrowest",
            Reported(),
            f"{DRIFT}, without the smallest width",
            "none: whether it settles",
        ),
        Test(
            "last-loss",
            Reported(),
            f"{DRIFT}, by the loss on all training images after the last step",
            "none: noisy beside a cliff, whose place the grid knows to half a step",
        ),
        Test("optimum", Reported(), "log2 of the best learning rate, by width", "none: what drifts"),
        Test(
            "regret",
            Reported(),
            "log of the loss at the largest width with the rate tuned at the smallest, over the best there",
            "none: what the transfer costs",
        ),
    )


PC_TRANSFER = Claim(
    name="pc-lr-transfer",
    statement="In the maximal-update parameterisation of predictive coding with one pass of inference the "
    f"best learning rate does not depend on the width, with $\\bar\\gamma_L = 0$ and $-1$. {CHOSEN}",
    quantity=DRIFT,
    prediction=0.0,
    tests=_transfer_tests(),
    control=Control("the standard parameterisation, whose drift tends to -1"),
    figure="pc-transfer",
    shards=SHARDS,
    needs="wider networks, longer training, and a finer grid",
)

SMALL_EFFECT = Claim(
    name="pc-gbar-small-effect",
    statement="With one pass of inference and its maximal-update rates predictive coding with "
    "$\\bar\\gamma_L = 0$ and with $-1$ reach nearly the same test accuracy at the largest width.",
    quantity="difference of test accuracies at each seed's best learning rate, paired over seeds",
    prediction=0.0,
    tests=(
        Test(
            "accuracy",
            Equals(0.02),
            "test accuracy with $\\bar\\gamma_L = 0$ less that with $-1$ at the largest width, paired over "
            "seeds",
            "16 of 797 images; the binomial error of one network's accuracy is 0.007",
        ),
        Test("every-width", Reported(), "the same at every width", "none: shown beside"),
        Test(
            "loss", Reported(), "training loss of both at the largest width", "none: the paper says accuracy"
        ),
    ),
    control=Control(
        "the standard parameterisation at the rate tuned at the smallest width, less; networks that "
        "diverge count as guessing"
    ),
    figure="pc-transfer",
    shards=SHARDS,
    needs="harder images",
)

WIDER = Claim(
    name="pc-wider-is-better",
    statement="In the maximal-update parameterisation of predictive coding wider networks reach lower "
    "training losses at their best learning rate.",
    quantity="slope of log training loss at each seed's best learning rate on log M",
    prediction=None,
    tests=(
        Test(
            "slope",
            Below(-0.15),
            "slope of log training loss after the last step, at each seed's best learning rate, on log M",
            "a loss that is a tenth lower at every doubling of the width, $2^{-0.15} = 0.90$",
        ),
        Test("level", Reported(), "these training losses, by width", "none: shown beside their slopes"),
    ),
    control=Control("the standard parameterisation"),
    figure="pc-transfer",
    shards=SHARDS,
    needs="wider networks and longer training",
)

TP_TRANSFER = Claim(
    name="tp-lr-transfer",
    statement="In the maximal-update parameterisation of difference target propagation with learned feedback "
    f"the best learning rate does not depend on the width. {CHOSEN}",
    quantity=DRIFT,
    prediction=0.0,
    tests=_transfer_tests(),
    control=Control("the standard parameterisation"),
    figure="tp-transfer",
    shards=SHARDS,
    needs="wider networks, longer training, and a finer grid",
)

CLAIMS: tuple[Claim, ...] = (PC_TRANSFER, SMALL_EFFECT, WIDER, TP_TRANSFER)
