"""Claim of the family `flooding`, with its margin."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Below, Reported

TWO_STEPS = Claim(
    name="flood-two-step",
    statement=(
        "Where flooding at learning rate $\\eta$ descends and then ascends, the two steps together move the "
        "parameters by $-\\eta^2 \\Delta_B(\\eta)$, and where it ascends and then descends, by $-\\eta^2 "
        "\\Delta_F(\\eta)$, exactly: gradient regularisation by a finite difference whose ascent is the "
        "learning rate. Without momentum, on one batch, which here is all images trained on; perceptrons "
        "with tanh (200 digits at the default sizes)."
    ),
    quantity="largest distance of a pair of steps from its formula, over what rounding allows",
    prediction=0.0,
    tests=(
        Test(
            "deviation",
            Below(1.0),
            "largest distance over seeds and pairs of opposite steps late in training, over the bound on "
            "rounding, by order and learning rate",
            "each update rounds a product and a sum, and both ways subtract and scale a few vectors of the "
            "size of $\\eta g$: $2^{-53}$ of $|\\theta_{t+1}| + |\\theta_{t+2}|$ and of $8 \\eta (|g_t| + "
            "|g_{t+1}|)$ is all that rounding allows; the tolerance that was fixed beforehand, $10^{-7}$ of "
            "what a pair moves, is wider",
        ),
        Test(
            "relative",
            Reported(),
            "the same distance over the length that the pair moves, the largest over seeds and pairs, by "
            "order and learning rate",
            "shown: what a pair moves is small, of the order of $\\eta^2$, so that digits are lost",
        ),
        Test(
            "alternating",
            Reported(),
            "share of consecutive steps with opposite signs since the loss first was at the level or below "
            "it, mean over seeds, by learning rate",
            "shown: the rest brings the loss back to the level",
        ),
        Test(
            "mean-loss",
            Reported(),
            "mean loss since then over the level, mean over seeds, by learning rate",
            "shown: flooding keeps the loss there",
        ),
    ),
    control=Control(
        "the formula of the other order, and two steps that both have the first one's sign: the least "
        "distance"
    ),
    figure="flooding-pairs",
    shards=("flooding*",),
)

CLAIMS: tuple[Claim, ...] = (TWO_STEPS,)
