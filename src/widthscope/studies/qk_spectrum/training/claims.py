"""Claims of the family `training`."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

MOVES_TRACE = Claim(
    name="training-moves-trace",
    statement="Training a softmax head, whose values are the tokens themselves, to predict the next token of "
    "random walks drives the mean of its eigenvalues up, concentrates the spectrum, and moves attention to "
    "late tokens; training it to predict the mean of independent tokens does not.",
    quantity="rise of the trace score $z$ of $W$ from initialisation to the end of training, random walks, "
    "mean over seeds",
    prediction=None,
    tests=(
        Test(
            name="trace-score",
            rule=Above(1.96),
            quantity="rise of the trace score $z$ of $W$ from initialisation to the end of training, random "
            "walks, mean over seeds",
            margin_reason="under random rotations $z$ has mean 0 and variance 1: 1.96 is what a single head "
            "exceeds by chance in one case of forty",
        ),
        Test(
            name="concentration",
            rule=Above(0.5),
            quantity="concentration $\\kappa$ at the end of training, random walks, mean over seeds",
            margin_reason="half way between a spectrum without a mean (near 0) and one concentrated in a "
            "point (1)",
        ),
        Test(
            name="late-mass",
            rule=Above(0.25),
            quantity="rise of the attention on the last quarter of the tokens, random walks, mean over seeds",
            margin_reason="uniform attention has a quarter there; a rise by another quarter doubles it",
        ),
        Test(
            name="entropy",
            rule=Below(-0.2),
            quantity="change of the attention entropy of the last token, over log T, random walks, mean "
            "over seeds",
            margin_reason="a fifth of the range, beyond the spread of entropies at initialisation",
        ),
        Test(
            name="iid-norm",
            rule=Below(0.5),
            quantity="norm of $W$ at the end of training over that at initialisation, independent "
            "tokens, mean over seeds",
            margin_reason="uniform attention is best there and needs $W = 0$: the norm must at least halve",
        ),
        Test(
            name="iid-score",
            rule=Reported(),
            quantity="trace score $z$ of $W$ at the end of training, independent tokens",
            margin_reason="none: shown beside the decay of the norm, which leaves no score to speak of",
        ),
    ),
    control=Control(
        "independent tokens, of which the mean is to be predicted, from the same initial weights and noise; "
        "for the norm, random walks"
    ),
    figure="training-scores",
    shards=("training-w*",),
)

CLAIMS: tuple[Claim, ...] = (MOVES_TRACE,)
