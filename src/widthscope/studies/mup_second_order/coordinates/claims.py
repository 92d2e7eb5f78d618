"""The claims of the family `coordinates`, with margins fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("coordinates*",)
MARGIN = 0.125
REASON = (
    "half the spacing, 1/4, of the exponents that rival parameterisations give: a slope is told from its "
    "nearest rival"
)
QUANTITY = (
    "slope of $\\log_2$ of the root mean square change of $h_1$, $h_2$ and $f$ since the start on $\\log_2 M$"
)

TRAIN = Claim(
    name="coordcheck-train",
    statement="After several steps of training in the maximal-update parameterisation every layer has moved "
    "by as much at every width, for gradient descent, K-FAC and Shampoo. All seeds see the same "
    "minibatches. The learning rates and the readout's scale were chosen in trials with other seeds.",
    quantity=f"{QUANTITY}, gradient descent",
    prediction=0.0,
    tests=(
        Test("sgd", Equals(MARGIN), f"{QUANTITY}, gradient descent", REASON),
        Test("kfac", Equals(MARGIN), f"{QUANTITY}, K-FAC with damping relative to the trace", REASON),
        Test("shampoo", Equals(MARGIN), f"{QUANTITY}, Shampoo with $e = 1/4$", REASON),
        Test(
            "others",
            Reported(),
            "the same in other parameterisations and with other rules of damping",
            "none: shown beside those that are judged",
        ),
        Test(
            "smallest-width-left-out",
            Reported(),
            "the judged slopes without the smallest width",
            "none: how far slopes still drift",
        ),
        Test(
            "steps", Reported(), "the judged slopes after fewer steps", "none: how slopes change in training"
        ),
    ),
    control=Control("the standard parameterisation of the same rule; of K-FAC the two hidden layers alone"),
    figure="coordinates",
    shards=SHARDS,
)

STANDARD = Claim(
    name="coordcheck-sp-fails",
    statement="In the standard parameterisation the first layer of wide networks moves less, whichever rule "
    "trains them; gradient descent's outputs move more. One update predicts slopes of -1/2 and 1; several "
    "steps mix updates of all layers, so the signs are judged. K-FAC is lazy rather than unstable: its "
    "outputs move by as much at every width. All seeds see the same minibatches.",
    quantity="slope of $\\log_2$ of the root mean square change of $h_1$ on $\\log_2 M$, by rule",
    prediction=None,
    tests=(
        Test(
            "layer-1",
            Below(-MARGIN),
            "slope of $\\log_2$ of the root mean square change of $h_1$ on $\\log_2 M$, by rule",
            f"outside of what counts as none: {REASON}",
        ),
        Test(
            "output",
            Above(MARGIN),
            "the same of $f$, gradient descent",
            f"outside of what counts as none: {REASON}",
        ),
        Test(
            "kfac-output",
            Equals(MARGIN),
            "the same of $f$, K-FAC",
            REASON,
        ),
        Test(
            "all-layers",
            Reported(),
            "the same of $h_1$, $h_2$ and $f$, by rule",
            "none: shown beside those that are judged",
        ),
        Test("steps", Reported(), "the same after fewer steps", "none: how slopes change in training"),
    ),
    control=Control(
        "the maximal-update parameterisation of the same rule (layer-1, output); gradient descent in the "
        "standard one (kfac-output)"
    ),
    figure="coordinates",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (TRAIN, STANDARD)
