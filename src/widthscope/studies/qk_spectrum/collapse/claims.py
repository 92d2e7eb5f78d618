"""The claims about rank collapse and entropy collapse."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

ENTROPY_VS_VARIANCE = Claim(
    name="entropy-vs-variance",
    statement="With the true softmax on normalised random walks, at a fixed mean m of the eigenvalues of a "
    "symmetric $\\sqrt{d} W$ with $0 \\le m \\sqrt{d} \\le 8$, spread as a normal law, attention entropy "
    "falls as their standard deviation s grows.",
    quantity="rank correlation of entropy and s within a seed, averaged over the seeds (Page's trend test)",
    prediction=-1.0,
    tests=(
        Test(
            name="trend",
            rule=Below(-0.5),
            quantity="rank correlation of entropy and s within a seed, averaged over the seeds (Page's trend "
            "test)",
            margin_reason="half way between no trend (0) and a fall at every step in every seed (-1)",
        ),
        Test(
            name="steps",
            rule=Below(0.0),
            quantity="change of entropy over log T from one s to the next, paired within the seeds, each "
            "entropy averaged over a spectrum and its mirror image about m",
            margin_reason="none: the claim is that each change is negative, however small",
        ),
        Test(
            name="larger-means",
            rule=Reported(),
            quantity="the same change at larger m, added after it was seen that there a small s can raise "
            "entropy",
            margin_reason="none: shown, since $m \\sqrt{d}$, the score of a token with itself, is beyond the "
            "claim",
        ),
    ),
    control=Control(
        "the same entropies in a random order within each seed (trend); spectra of a fixed second moment, "
        "whose mean falls as s grows (steps)"
    ),
    figure="collapse-entropy",
    shards=("collapse*",),
)

BOTH_COLLAPSES = Claim(
    name="both-collapses",
    statement="At the same attention entropy a spectrum concentrated at a positive mean keeps more token "
    "diversity R than one spread about zero as a normal law, on random walks more so than on independent "
    "tokens; without scores the rank collapses, R = 0.",
    quantity="R of the concentrated spectrum (s = 0) over R of the spread one (m = 0) at equal entropy, "
    "walks",
    prediction=None,
    tests=(
        Test(
            name="diversity",
            rule=Above(1.1),
            quantity="R of the concentrated spectrum (s = 0) over R of the spread one (m = 0) at equal "
            "entropy, walks",
            margin_reason="a tenth more diversity than with the same spectrum in both places (1)",
        ),
        Test(
            name="walks-exceed-iid",
            rule=Above(0.1),
            quantity="that ratio on walks less that on independent tokens",
            margin_reason="the same tenth; two sets of independent tokens differ by 0",
        ),
        Test(
            name="rank-collapse",
            rule=Equals(1e-12),
            quantity="largest R over the seeds at m = s = 0, where attention is uniform",
            margin_reason="rounding: some thousand units in the last place of float64",
        ),
        Test(
            name="matching",
            rule=Equals(1e-6),
            quantity="largest difference between the entropies of the compared spectra, over the seeds",
            margin_reason="R changes by less than one part in ten thousand over it at every entropy compared",
        ),
        Test(
            name="iid-ratio",
            rule=Reported(),
            quantity="the ratio of the first test on independent tokens",
            margin_reason="none: shown beside that on walks",
        ),
    ),
    control=Control(
        "the spread spectrum in both places, with other eigenvectors (diversity), independent tokens in both "
        "places (walks-exceed-iid), the least R with scores (rank-collapse), spectra of equal strength "
        "(matching)"
    ),
    figure="collapse-plane",
    shards=("collapse*",),
)

CLAIMS: tuple[Claim, ...] = (ENTROPY_VS_VARIANCE, BOTH_COLLAPSES)
