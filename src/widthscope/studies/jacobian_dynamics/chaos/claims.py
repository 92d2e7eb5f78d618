"""The claim on exponents over a finite horizon and in the long run, with its margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Reported

FINITE = Claim(
    name="chaos-finite-vs-asymptotic",
    statement=(
        "A positive largest exponent over 16 steps does not mean chaos: without drive a random normalised "
        "layer has one, and none in the long run, however sharp its attention; sharp attention with drive is "
        "chaotic in the long run too."
    ),
    quantity="largest exponent over 16 steps from a random state, without drive, by the queries' gain",
    prediction=None,
    tests=(
        Test(
            "finite-time",
            Above(0.0),
            "mean largest exponent over the horizon from a random state, without drive, by gain",
            "the sign is the statement; 0.16 to 0.36 is expected from growth that is not normal",
        ),
        Test(
            "long-run",
            Below(0.01),
            "mean over seeds of the positive part of the exponent in the long run, without drive, by gain: "
            "what of it is chaos in any seed",
            "a state that only turns is known to $\\ln 7 / 300 = 0.0065$, with a tangent that shears by as "
            "much as 7; exponents of 0.1 to 0.2 are at issue",
        ),
        Test(
            "chaos",
            Above(0.05),
            "mean exponent in the long run with a drive of the state's length at the largest gain",
            "with 0.05 distances double within the 16 steps",
        ),
        Test(
            "both-horizons",
            Reported(),
            "largest exponent over the horizon from a random state, over the horizon once the state has "
            "settled, and in the long run, at every drive and gain",
            "none: the sizes",
        ),
        Test(
            "pairs",
            Reported(),
            "growth rate of the distance of two near states between the steps 10 and 40, at every drive and "
            "gain, beside the exponent in the long run",
            "none: another way to the same number, over few steps",
        ),
    ),
    control=Control(
        "a drive of twice the state's length, under which the layer contracts at once (finite-time), the "
        "chaotic layer (long-run), and the same gain without drive (chaos)"
    ),
    figure="chaos",
    shards=("chaos*",),
)

CLAIMS: tuple[Claim, ...] = (FINITE,)
