"""The claims of the family `similarity`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

SHARDS = ("similarity*",)

MEASURE = (
    "Likeness is linear CKA of the features of test images, mean over the mixing layers, of networks without "
    "skip connections between a trained stem and a trained head."
)
SAME = (
    "Networks of one seed share their images and nothing else, a second network of a kind too: likeness "
    "within a kind is that of two, trained on the same images from weights of their own."
)
TRIALS = (
    "The number of epochs was changed to that of the first trials after a first run of the run's own seed "
    "had been seen; controls were chosen in trials with another seed, where narrow networks and sparse ones "
    "with few connections were found to be little alike among themselves."
)
ANY = "any difference: the claim is of an order, and its size is not known beforehand"
KIND = "none: how alike networks of one kind are, without which no likeness between kinds can be read"

MATCH = Claim(
    name="cka-sparse-match",
    statement="A mixer's hidden features are more like those of a static sparse network of the same width "
    "and number of connections than like those of a dense network with as many connections. "
    f"{MEASURE} {SAME} The "
    "dense network is narrower, and for another one of it in the mixer's place the claim is false: should it "
    f"too be more like the sparse network, the measure sees widths and not kinds. {TRIALS}",
    quantity="likeness of the mixer to the matched sparse network less that to the dense one",
    prediction=None,
    tests=(
        Test(
            "difference",
            Above(0.0),
            "likeness of the mixer to the matched sparse network less that to the dense one with as many "
            "connections",
            ANY,
        ),
        Test(
            "equal-width",
            Reported(),
            "the same less that to the dense network of the same width",
            "none: without the effect of the width, with more connections",
        ),
        Test("likeness", Reported(), "likeness of pairs", "none: what the differences are made of"),
        Test("own-kind", Reported(), "likeness of two networks of one kind", KIND),
        Test(
            "shuffled",
            Reported(),
            "likeness with the examples of one side in another order",
            "none: the floor of the measure at this number of examples",
        ),
        Test(
            "accuracy", Reported(), "accuracies", "none: the networks compared do not classify equally well"
        ),
    ),
    control=Control("another dense network with as many connections in the mixer's place"),
    figure="similarity-features",
    shards=SHARDS,
)

INTERIOR = Claim(
    name="cka-interior",
    statement="The mixer is more like the static sparse network of its own width and density than like the "
    "dense one of that width, and than like a sparser one (at the default sizes: of a quarter of its "
    f"density). {MEASURE} {SAME} For a network of either end in the mixer's place this is false. {TRIALS}",
    quantity="likeness of the mixer to the matched sparse network less that to an end of the densities",
    prediction=None,
    tests=(
        Test(
            "against-dense",
            Above(0.0),
            "likeness of the mixer to the matched sparse network less that to the dense one",
            ANY,
        ),
        Test(
            "against-sparser",
            Above(0.0),
            "likeness of the mixer to the matched sparse network less that to the sparser one",
            ANY,
        ),
        Test(
            "against-denser",
            Reported(),
            "the same less that to the denser one, which is not dense",
            "none: whether the largest likeness lies at the matching density or above it",
        ),
        Test("likeness", Reported(), "likeness by density", "none: what the differences are made of"),
    ),
    control=Control(
        "another dense network (against-dense) and another sparser network (against-sparser) in the mixer's "
        "place"
    ),
    figure="similarity-features",
    shards=SHARDS,
)

PERMUTED = Claim(
    name="cka-rp-closer",
    statement="With random permutations in the place of the transposition between its mixing layers, a mixer "
    f"has features more like those of the matched sparse network. {MEASURE} {SAME} If so, it should not "
    "also be more like another mixer than a mixer is; otherwise its features are merely more like any "
    f"network's. {TRIALS}",
    quantity="likeness of the random-permuted mixer to the matched sparse network less the mixer's",
    prediction=None,
    tests=(
        Test(
            "closer",
            Above(0.0),
            "likeness of the random-permuted mixer to the matched sparse network less the mixer's",
            ANY,
        ),
        Test(
            "to-dense",
            Reported(),
            "the same for the dense network of the same width",
            "none: whether it is closer to sparse networks or to any",
        ),
    ),
    control=Control("another mixer in the sparse network's place"),
    figure="similarity-features",
    shards=SHARDS,
)

SPECTRUM = Claim(
    name="spectrum-trained",
    statement="The singular values of a trained mixer's matrices lie closer to those of the matched sparse "
    "network than to those of the dense one of the same width. Distances are Wasserstein distances of "
    "singular values divided by their root mean square, mean over layers. Training moves the values little, "
    f"so that this mostly measures how weights are drawn. Networks of one seed share "
    f"their images and nothing else. {TRIALS}",
    quantity="distance of the mixer's singular values to the sparse network's less that to the dense one's",
    prediction=None,
    tests=(
        Test(
            "distance",
            Below(0.0),
            "distance of the mixer's singular values to the matched sparse network's less that to the dense "
            "one's of the same width",
            ANY,
        ),
        Test(
            "others",
            Reported(),
            "the same before training, and with the dense network of as many connections",
            "none: what training adds",
        ),
        Test(
            "moved",
            Reported(),
            "root mean square by which training moves a network's sorted singular values, their own being 1",
            "none: where it is small, the claim is about initial weights",
        ),
    ),
    control=Control("another dense network in the mixer's place"),
    figure="similarity-spectra",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (MATCH, INTERIOR, PERMUTED, SPECTRUM)
"""The claims of the family."""
