"""Claims of the family `diagonal`, with thresholds fixed beforehand."""

from math import log

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("diagonal*",)
DATA = (
    "In diagonal linear networks on noiseless sparse regression (at the default sizes: 50 examples of 100 "
    "features, 5 of which matter)"
)
MEAN = f"{DATA} with inputs that have a mean (at the default sizes: 2 standard deviations),"
SCALE = "$\\log(\\alpha_{\\mathrm{GR}}/\\alpha_0)$"
SEEDS = (
    "Every seed has its own inputs. Inputs with a mean, scale and strength follow earlier trials: with other "
    "data or a larger scale the effect is small or has the other sign."
)
SHOWN = "none: shown beside it"
ZERO = "the claim says its sign, whatever its size"

PRODUCT_LAW = Claim(
    name="dln-product-law",
    statement=(
        f"{DATA} gradient regularisation leaves $w_+ w_- = \\alpha_{{\\mathrm{{GR}}}}^2$ with "
        f"$\\alpha_{{\\mathrm{{GR}}}} = \\alpha_0 \\exp(-\\gamma \\int \\tilde g \\tilde g' dt)$ in every "
        "coordinate; descent in finite steps obeys the product of its own factors in place of the integral."
    ),
    quantity=(
        "decimal logarithm of the largest deviation of $\\log(w_+ w_-)$ over coordinates, mean over seeds"
    ),
    prediction=None,
    tests=(
        Test(
            "flow",
            Below(-4.0),
            "decimal logarithm of the largest deviation of $\\log(w_+ w_-)$ from $2 \\log "
            "\\alpha_{\\mathrm{GR}}$, flow in the weights, mean over seeds",
            "one step of the integration makes a relative error of $5 \\cdot 10^{-8}$ at most, and there are "
            "one or two thousand",
        ),
        Test(
            "descent",
            Below(-10.0),
            "the same for descent in finite steps, from the product of its factors",
            "thousands of roundings of $10^{-16}$",
        ),
    ),
    control=Control(
        "$\\int \\tilde g^2 dt$ in place of $\\int \\tilde g \\tilde g' dt$ for the flow, and the law of the "
        "flow for descent in finite steps"
    ),
    figure="diagonal-scale",
    shards=SHARDS,
)

ARGMIN = Claim(
    name="dln-argmin",
    statement=(
        f"{DATA} the regularised flow ends in the interpolating solution that minimises the "
        f"hyperbolic-entropy potential with scales $\\alpha_{{\\mathrm{{GR}}}}$. Weights are integrated to a "
        "small loss and compared with the solution of the dual problem, which knows the scales alone."
    ),
    quantity="decimal logarithm of $|\\beta - \\beta_\\alpha| / |\\beta_\\alpha|$, mean over seeds",
    prediction=None,
    tests=(
        Test(
            "gap",
            Below(-3.0),
            "decimal logarithm of the relative distance between trained and dual solution, mean over seeds",
            "what the loss that is left and the errors of the integration amount to, ten times over",
        ),
        Test(
            "ratio",
            Above(1.0),
            "decimal logarithm of that distance with a wrong scale over that with the right one, inputs with "
            "a mean, mean over seeds",
            "a wrong scale is to be ten times further off",
        ),
        Test("centred", Reported(), "the same ratios, centred inputs", SHOWN),
    ),
    control=Control(
        "distance: the scales of the coordinates permuted; ratio: $\\int \\tilde g^2 dt$ in place of the "
        "right integral, of which the other wrong scales are to be less than ten times further off"
    ),
    figure="diagonal-gap",
    shards=SHARDS,
)

MONOTONE = Claim(
    name="dln-alpha-monotone",
    statement=(
        f"{MEAN} the longer the ascent step, from long backward over double backpropagation to long forward "
        f"steps, the smaller is the effective scale, by at least half a per cent for 0.01 of ascent. {SEEDS}"
    ),
    quantity=f"slope of mean {SCALE} between neighbouring ascent steps, paired, mean over seeds",
    prediction=None,
    tests=(
        Test(
            "slope",
            Below(-0.5),
            f"slope of mean {SCALE} between neighbouring ascent steps, paired, mean over seeds",
            "a third of the slope of the linearised prediction at the default sizes: less than 0.5 per cent "
            "of scale for 0.01 of ascent is not worth mentioning",
        ),
        Test("shift", Reported(), f"mean {SCALE} over coordinates, by ascent step, mean over seeds", SHOWN),
    ),
    control=Control(
        "networks that start at a larger scale, where the first phase is short: there the scale falls with "
        "the ascent too, but by less than half a per cent for 0.01"
    ),
    figure="diagonal-scale",
    shards=SHARDS,
)

ERROR = "squared distance from the target"
TEST_ERROR = Claim(
    name="dln-test-error",
    statement=(
        f"{MEAN} forward regularisation with a long ascent step ends nearer the target than double "
        f"backpropagation, and that nearer than the plain flow. {SEEDS}"
    ),
    quantity=f"{ERROR}: forward less double backpropagation, paired, mean over seeds",
    prediction=None,
    tests=(
        Test(
            "forward", Below(0.0), f"{ERROR}: forward less double backpropagation, paired, over seeds", ZERO
        ),
        Test(
            "double", Below(0.0), f"{ERROR}: double backpropagation less plain flow, paired, over seeds", ZERO
        ),
        Test("against-plain", Reported(), f"{ERROR} less that of the plain flow, by ascent step", SHOWN),
        Test("neighbours", Reported(), f"{ERROR}: each forward step less the next shorter one", SHOWN),
        Test("plain", Reported(), f"{ERROR}, plain flow, mean over seeds", SHOWN),
    ),
    control=Control(
        "forward: a backward step of the same length in its place; double backpropagation: centred inputs"
    ),
    figure="diagonal-error",
    shards=SHARDS,
)

MEAN_FIELD = Claim(
    name="dln-mean-field",
    statement=(
        f"{MEAN} the flow of two scalars, in which all inputs are equal to their mean, predicts the shift of "
        "scale off the support. It is given each seed's own means of inputs and outputs, which was chosen "
        "in trials with other seeds: they explain most of the spread between seeds. Judged are the ascent "
        "steps that are configured for it (from -0.02 to 0.1 at the default sizes); between them and the "
        "longest backward step the shift changes its sign, and a ratio says nothing."
    ),
    quantity=f"observed over predicted {SCALE}, mean off the support, mean over seeds",
    prediction=1.0,
    tests=(
        Test(
            "ratio",
            Equals(0.1),
            f"observed over predicted {SCALE}, mean off the support, by ascent step, mean over seeds",
            "what the deviations of the inputs from their mean are expected to add at these sizes, ten per "
            "cent",
        ),
        Test("population", Reported(), "the same, predicted from the means of the population", SHOWN),
        Test("all", Reported(), f"observed less predicted {SCALE}, every ascent step", SHOWN),
    ),
    control=Control(
        "the prediction linearised in the shift, which falls short where the shift is large: the longest "
        "forward steps are to refute it, one is enough; where the shift is small, as after a short backward "
        "step, it may lie within the margin"
    ),
    figure="diagonal-scale",
    shards=SHARDS,
)

BACKWARD = Claim(
    name="dln-backward-long-step",
    statement=(
        f"{MEAN} a backward step so long that it passes the minimum along the steepest direction raises the "
        f"effective scale above the initial one. {SEEDS}"
    ),
    quantity=f"mean {SCALE} over coordinates, mean over seeds",
    prediction=None,
    tests=(
        Test("shift", Above(0.0), f"mean {SCALE} over coordinates, mean over seeds", ZERO),
        Test("error", Reported(), f"{ERROR} less that of the plain flow", SHOWN),
    ),
    control=Control("the shortest backward step, which does not pass the minimum"),
    figure="diagonal-scale",
    shards=SHARDS,
)

CENTRED = Claim(
    name="dln-centred-control",
    statement=(
        f"{DATA} with centred inputs, regularisation shrinks the effective scale on the target's support "
        "most, and the solution ends further from the target: the benefit is one of inputs with a mean."
    ),
    quantity=f"{ERROR}: double backpropagation less plain flow, centred inputs, paired, mean over seeds",
    prediction=None,
    tests=(
        Test(
            "error", Above(0.0), f"{ERROR}: double backpropagation less plain flow, paired, over seeds", ZERO
        ),
        Test(
            "support",
            Above(log(2)),
            f"logarithm of the size of mean {SCALE} on the support over that elsewhere, mean over seeds",
            "at least twice as large on the support",
        ),
        Test("shifts", Reported(), f"mean {SCALE} on the support and elsewhere", SHOWN),
        Test("forward", Reported(), f"{ERROR}: forward less plain flow", SHOWN),
    ),
    control=Control(
        "error: a shift of the same mean, but spread evenly over the coordinates; support: inputs with a mean"
    ),
    figure="diagonal-coordinates",
    shards=SHARDS,
)

FLOODING = Claim(
    name="flood-dln",
    statement=(
        f"{DATA} each step of flooding multiplies $w_+ w_-$ by $1 - (\\eta \\tilde g)^2$, so that the scale "
        "falls; the plain flow then ends nearer the target where inputs have a mean, and further from it "
        "where they are centred. Learning rates and number of steps were chosen in trials with other seeds."
    ),
    quantity=(
        "decimal logarithm of the largest deviation of $\\log(w_+ w_-)$ over coordinates, mean over seeds"
    ),
    prediction=None,
    tests=(
        Test(
            "identity",
            Below(-10.0),
            "decimal logarithm of the largest deviation of $\\log(w_+ w_-)$ over coordinates, mean over "
            "seeds",
            "thousands of roundings of $10^{-16}$",
        ),
        Test(
            "uncentred", Below(0.0), f"{ERROR}: flooding then flow less plain flow, inputs with a mean", ZERO
        ),
        Test("centred", Above(0.0), f"{ERROR}: flooding then flow less plain flow, centred inputs", ZERO),
        Test("shift", Reported(), f"mean {SCALE} over coordinates, mean over seeds", SHOWN),
        Test("loss", Reported(), "mean training loss over the last tenth of the steps, over seeds", SHOWN),
    ),
    control=Control(
        "identity: the law of a flow on $|L - b|$, which leaves the scale as it was; distances: centred "
        "inputs for those with a mean, and for these a shift of the same mean, spread evenly over the "
        "coordinates"
    ),
    figure="diagonal-coordinates",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (
    PRODUCT_LAW,
    ARGMIN,
    MONOTONE,
    TEST_ERROR,
    MEAN_FIELD,
    BACKWARD,
    CENTRED,
    FLOODING,
)
