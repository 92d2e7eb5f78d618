"""The claim of the family `flatness`, with its threshold fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Reported

SHARDS = ("flatness*",)
BESIDE = "none: shown beside it"
SIGN = "the sign is what is claimed"
RATIO = "logarithm of a quantity over its value with plain descent, at one training loss, paired by seed"

NN_FLATTER = Claim(
    name="nn-flatter",
    statement="At one training loss (0.05 nats, full batches of 200 digits with true labels, "
    "$\\gamma = 0.3$ at the default sizes) networks trained with the penalty are flatter than those without "
    "it: squared gradient norm and Hessian trace are smaller, with tanh by double backpropagation and by the "
    "forward difference with the longest ascent step, with ReLU by that with the shortest. Double "
    "backpropagation and longer steps with ReLU are reported. With ReLU the trace leaves out the "
    "kinks, as reverse mode does. Which steps are judged, and the controls, were chosen in trials with "
    "another seed of the run.",
    quantity=RATIO,
    prediction=None,
    tests=(
        Test("tanh", Below(0.0), f"{RATIO}; tanh", SIGN),
        Test("relu", Below(0.0), f"{RATIO}; ReLU, the shortest ascent step", SIGN),
        Test("relu-others", Reported(), f"{RATIO}; ReLU, the other methods", BESIDE),
        Test("updates", Reported(), "updates until the loss is reached, over seeds", BESIDE),
    ),
    control=Control(
        "with tanh, plain descent at half the rate: a step of plain descent acts as a penalty of its own "
        "on the gradient, and half the rate halves it; with ReLU, the same networks compared after as "
        "many updates, whatever their loss"
    ),
    figure="flatness-ratios",
    shards=SHARDS,
    needs="more seeds",
)

CLAIMS: tuple[Claim, ...] = (NN_FLATTER,)
