"""The claims on laws of width, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, Reported

SHARDS = ("width-laws*",)

RADIAL_LAW = Claim(
    name="width-radial-law",
    statement=(
        "At initialisation the eigenvalues of the value-output matrix $B = W_V W_O$ fill the disc of radius "
        "$\\sigma$ with the radial law $F(r) = r/\\sigma$, whatever the number of heads."
    ),
    quantity="slope of the logarithm of the mean KS distance from the law on log D",
    prediction=-0.5,
    tests=(
        Test(
            "slope",
            Equals(0.25),
            "slope of the logarithm of the mean KS distance of $|\\lambda(B)|$ from the law on log D",
            "the edge is smeared over $D^{-1/2}$ and counts of repelling eigenvalues vary by $D^{1/4}$, a "
            "share $D^{-3/4}$: a slope between the two powers means the law, and 0 a wrong one; that the "
            "interval contain $-1/2$ itself would ask for widths at which the second is gone",
        ),
        Test(
            "distance",
            Below(0.1),
            "mean KS distance from the law at the largest D",
            "the area law is 1/4 away at every width; 0.03 is expected at D = 256",
        ),
        Test(
            "edge",
            Reported(),
            "share of eigenvalues beyond $\\sigma$ times $\\sqrt{D}$, beside $1/\\sqrt{4\\pi}$; the largest "
            "modulus over $\\sigma$, beside 1; by width",
            "none: how far a matrix of finite size is from the limit",
        ),
    ),
    control=Control("the area law $r^2/\\sigma^2$, right for one square matrix, in place of the law"),
    figure="radial-law",
    shards=SHARDS,
)

RADIUS = Claim(
    name="width-radius-o1",
    statement=(
        "The spectral radius does not grow with the width: with unit tokens and no drive that of one step is "
        "$a(1 + \\eta\\sigma)$, $a = 1/\\sqrt{1 + \\eta^2\\sigma^2/S}$, and that of attention is B's; with "
        "tokens of length $\\sqrt{D}$ it has no formula, and stays of the same order."
    ),
    quantity="spectral radius of one step over $a(1 + \\eta\\sigma)$ at the largest D, by step size",
    prediction=1.0,
    tests=(
        Test(
            "limit",
            Equals(0.1),
            "spectral radius of one step over $a(1 + \\eta\\sigma)$ at the largest D, by step size",
            "the edge of the spectrum is smeared over $D^{-1/2}$, 0.06 at D = 256 and 0.09 at 128; the "
            "formula that forgets the S tokens is up to 80 % off",
        ),
        Test(
            "realised",
            Equals(0.05),
            "spectral radius of one step over $\\max|1 + \\eta\\lambda(B)|$ divided by the tokens' root mean "
            "square length, of the same draw, at the largest D, by step size",
            "corrections to uniform attention are of order $D^{-1/2}$; a pair has no smeared edge",
        ),
        Test(
            "attention",
            Equals(0.01),
            "spectral radius of $J_{\\mathrm{MSA}}$ over that of B, of the same draw, at the largest D",
            "they differ by less than 0.003 by the notes; a law without the sum over tokens is S times off",
        ),
        Test(
            "slope",
            Equals(0.1),
            "slope on log D of the logarithm of the spectral radius: of one step by step size, and of "
            "attention at tokens of length $\\sqrt{D}$",
            "the norm at those tokens grows with a slope near 0.4; edges at finite width are worth 0.04",
        ),
    ),
    control=Control(
        "the formula without the average over S tokens (limit, realised), the wrong law that attention's "
        "radius is B's divided by S (attention), and the largest singular value at tokens of length "
        "$\\sqrt{D}$ (slope)"
    ),
    figure="width-radius",
    shards=SHARDS,
)

NORM = Claim(
    name="width-norm-sqrtd",
    statement=(
        "With tokens of length $\\sqrt{D}$ the largest singular value of $J_{\\mathrm{MSA}}$ grows as the "
        "root of the head dimension, as $\\sqrt{2 D_H}$ times the largest derivative of softmax; with unit "
        "tokens it tends to $\\sigma\\sqrt{27/4}$."
    ),
    quantity="largest singular value over $\\sqrt{2 D_H}$ times the softmax's largest derivative, largest D",
    prediction=1.0,
    tests=(
        Test(
            "ratio",
            Equals(0.15),
            "largest singular value over $\\sqrt{2 D_H}\\,\\max\\lambda_{\\max}(\\mathrm{diag} P_i - P_i "
            "P_i^\\top)$ at the largest D, by number of heads, where $D_H \\ge 256$",
            "the rule of the notes: the leading order misses terms of relative order $D_H^{-1/2}$, 0.06 at "
            "$D_H = 256$, several of them",
        ),
        Test(
            "slope",
            Above(0.25),
            "slope on log D of the logarithm of the largest singular value over the softmax's largest "
            "derivative, by number of heads",
            "half of the slope 1/2 of the limit, which corrections lower at these widths; a norm of order "
            "one has 0",
        ),
        Test(
            "unit-tokens",
            Equals(0.1),
            "slope on log D of the logarithm of the largest singular value at unit tokens, by heads",
            "it approaches its limit from below by $D^{-2/3}$, worth 0.03; growth as any root would show",
        ),
        Test(
            "unit-limit",
            Reported(),
            "largest singular value at unit tokens, largest D, beside $\\sqrt{27/4}$",
            "none: how far these widths are from the limit",
        ),
    ),
    control=Control(
        "the law $\\sqrt{D_H}$ in place of $\\sqrt{2 D_H}$, off by 41 % (ratio), unit tokens (slope), and "
        "tokens of length $\\sqrt{D}$ (unit-tokens)"
    ),
    figure="width-norm",
    shards=SHARDS,
)

CLAIMS: tuple[Claim, ...] = (RADIAL_LAW, RADIUS, NORM)
