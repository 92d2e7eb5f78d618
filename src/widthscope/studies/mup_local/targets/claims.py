"""The claims of the family `targets`, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Equals, Reported

SHARDS = ("targets*",)
HALF = "half of 1/4, half the spacing of 1/2 between the exponents of rival parameterisations"
FEATURES = "slopes of log rms changes of $h_1$ and $h_2$ on log M"
HIDDEN = (
    "slope on log M of the log rms change of the output through the hidden layers, the readout as it began"
)
KERNEL = "the kernel regime of back-propagation, whose features fall with a slope of -1/2"

FEATURE_LEARNING = Claim(
    name="tp-feature-learning-bl-half",
    statement="Difference target propagation with the readout's standard scale, $b_L = 1/2$, learns "
    "features: steps of the hidden layers alone move them, and through them the output, by the same at every "
    "width. Judged is one step with feedback that is drawn. Learned feedback was to be judged as well; it "
    "was taken out after exploratory runs, in which it needed more seeds, and is reported, as several steps "
    "are.",
    quantity=FEATURES,
    prediction=0.0,
    tests=(
        Test("features", Equals(0.125), FEATURES, HALF),
        Test("hidden", Equals(0.125), HIDDEN, HALF),
        Test(
            "later",
            Reported(),
            f"{FEATURES}, after several steps, drawn and learned feedback",
            "none: shown beside",
        ),
        Test(
            "later-hidden",
            Reported(),
            f"{HIDDEN}, after several steps, drawn and learned feedback",
            "none: shown beside",
        ),
        Test(
            "without-narrowest",
            Reported(),
            f"{HIDDEN}, without the smallest width",
            "none: whether the powers still bend",
        ),
    ),
    control=Control(
        f"of features {KERNEL}; of the output $b_L = 1$, and feedback tied to the transposed readout, which "
        "is back-propagation in disguise"
    ),
    figure="tp-regimes",
    shards=SHARDS,
    needs="more seeds and wider networks with learned feedback",
)

VERSUS_KERNEL = Claim(
    name="tp-vs-bp-kernel",
    statement="With the same readout, $b_L = 1/2$, back-propagation is in the kernel regime: its features "
    "stand still in wide networks while the hidden layers still move the output.",
    quantity=FEATURES,
    prediction=-0.5,
    tests=(
        Test("features", Equals(0.125), FEATURES, HALF),
        Test("hidden", Equals(0.125), HIDDEN, HALF),
    ),
    control=Control(
        "of features target propagation; of the output target propagation slowed to such features"
    ),
    figure="tp-regimes",
    shards=SHARDS,
)

UNSTABLE = Claim(
    name="tp-bp-feature-scale-unstable",
    statement="With $b_L = 1/2$ and rates that move its features by the same at every width, "
    "back-propagation moves the output more and more: it is unstable.",
    quantity=HIDDEN,
    prediction=0.5,
    tests=(
        Test("hidden", Above(0.25), HIDDEN, "half of the exponent 1/2 that is predicted"),
        Test("features", Equals(0.125), FEATURES, HALF),
        Test(
            "tied",
            Reported(),
            f"{HIDDEN}, target propagation with tied feedback",
            "none: the same in disguise",
        ),
    ),
    control=Control(f"of the output target propagation at the same readout; of features {KERNEL}"),
    figure="tp-regimes",
    shards=SHARDS,
)

DISCONNECTS = Claim(
    name="tp-bl-one-disconnects",
    statement="With back-propagation's readout, $b_L = 1$, target propagation still moves its features, but "
    "they lose their effect on the output.",
    quantity=HIDDEN,
    prediction=-0.5,
    tests=(
        Test("hidden", Equals(0.125), HIDDEN, HALF),
        Test("features", Equals(0.125), FEATURES, HALF),
    ),
    control=Control(f"of the output target propagation with $b_L = 1/2$; of features {KERNEL}"),
    figure="tp-regimes",
    shards=SHARDS,
    needs="more seeds",
)

NO_KERNEL = Claim(
    name="tp-no-kernel-regime",
    statement="Target propagation has no kernel regime: slowed by $M^{-1/2}$, as back-propagation's kernel "
    "regime is, its features vanish in wide networks together with their effect on the output, which in the "
    "kernel regime remains.",
    quantity=FEATURES,
    prediction=-0.5,
    tests=(
        Test("features", Equals(0.125), FEATURES, HALF),
        Test("hidden", Equals(0.125), HIDDEN, HALF),
        Test(
            "difference",
            Above(0.25),
            f"{HIDDEN}: that of back-propagation's kernel regime less that of slowed target propagation",
            "half of the difference 1/2 that is predicted",
        ),
    ),
    control=Control(
        "of features target propagation that is not slowed; of the output back-propagation; of the "
        "difference that of $h_2$, whose slopes are the same"
    ),
    figure="tp-regimes",
    shards=SHARDS,
)

ALIGNMENT = Claim(
    name="tp-feedback-alignment",
    statement="The feedback that best reconstructs the last hidden layer from the output points less and "
    "less along the transposed readout, as $M^{-1/2}$. In narrow networks the power still bends, towards "
    "$-1/2$: slopes without the smallest widths are reported.",
    quantity="slope on log M of the log cosine of fitted feedback and the transposed readout",
    prediction=-0.5,
    tests=(
        Test(
            "slope",
            Equals(0.125),
            "slope on log M of the log cosine of fitted feedback and the transposed readout",
            HALF,
        ),
        Test(
            "without-narrowest",
            Reported(),
            "the same slope without the one and without the two smallest widths",
            "none: whether the power still bends",
        ),
        Test("cosine", Reported(), "this cosine, by width", "none: shown beside its slope"),
        Test(
            "size",
            Reported(),
            "slopes of the readout times the feedback and of the feedback's entries",
            "none: both stay of order one",
        ),
    ),
    control=Control("the transposed readout plus an independent matrix of its length"),
    figure="tp-alignment",
    shards=SHARDS,
    needs="wider networks",
)

CLAIMS: tuple[Claim, ...] = (FEATURE_LEARNING, VERSUS_KERNEL, UNSTABLE, DISCONNECTS, NO_KERNEL, ALIGNMENT)
