"""The claim of the family `denoise`, with thresholds fixed beforehand."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

REMOVED = (
    "share of the noisy images' squared error, normalised images being compared, that the trained memory "
    "removes on test images"
)

DENOISE = Claim(
    name="denoise",
    statement="A memory with a normalised visible layer and two hidden layers of ReLU units, tied and "
    "trained to denoise images by a few of its own updates, brings noisy test images closer to the clean "
    "ones, and its energy falls at every update of every one of them, also beyond those it was trained for. "
    "The two hidden layers act as one of twice as many units, since neither is coupled to the other. "
    "Couplings start at a tenth of the usual size; full-sized ones were tried first, and an untrained memory "
    "then leads images astray.",
    quantity=REMOVED,
    prediction=None,
    tests=(
        Test(
            "error",
            Above(0.25),
            REMOVED,
            "a quarter of the error is the least that would count as denoising; trials with other seeds "
            "removed more than half",
        ),
        Test(
            "energy",
            Below(1e-9),
            "largest rise of the energy in one update, of all test images and seeds, over the range of that "
            "image's energies; negative where every update lowers it",
            "rounding in float64 is worth about 1e-15 of the energy itself; the tied memory's smallest falls "
            "were 1e-4 of the range in trials",
        ),
        Test(
            "energy-change",
            Reported(),
            "mean change of the energy from the noisy images on, by the number of updates",
            "none: how far it falls",
        ),
        Test(
            "errors",
            Reported(),
            "mean squared error of normalised images",
            "none: what the share is made of, and what more updates than trained for do",
        ),
        Test(
            "rising-images",
            Reported(),
            "share of test images along whose updates the energy of the forward couplings rises",
            "none: beside the largest rise",
        ),
    ),
    control=Control(
        "the same memory before training (error); memories with backward couplings of their own, trained in "
        "the same way, and the energy of their forward couplings (energy)"
    ),
    figure="denoise-energy",
    shards=("denoise*",),
)

CLAIMS: tuple[Claim, ...] = (DENOISE,)
