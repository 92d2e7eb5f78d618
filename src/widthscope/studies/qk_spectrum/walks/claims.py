"""The claims on scores of random walks and the signal propagation probability, with their margins."""

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, Reported

WALK_MOMENTS = Claim(
    name="walk-moments",
    statement=(
        "The scores of a random walk have mean $t\\xi$ and variance $t^2(\\eta_1 + \\eta_2) + t(T - "
        "t)\\eta_2$, for any square query-key matrix and any covariance of the steps."
    ),
    quantity="variance of the scores at every position, relative to the formula, pooled",
    prediction=0.0,
    tests=(
        Test(
            "variance",
            MatchesExact(margin=0.05, independent=False),
            "variances for symmetric, general and low-rank matrices, and for anisotropic steps, at every "
            "position",
            "the formula for symmetric matrices, the nearest to be mistaken for, is off by factors of 5 and "
            "more",
        ),
        Test(
            "mean",
            MatchesExact(margin=0.05, independent=False),
            "means at every position, deviations in units of one standard deviation of the score",
            "the means themselves reach 0.5 to 0.8 standard deviations where keys are late",
        ),
    ),
    control=Control(
        "the formula $t(t + T)\\,\\mathrm{tr}\\,W^2$ of symmetric matrices on those that are not "
        "(variance), tokens without memory, for which the mean is 0 (mean)"
    ),
    figure="walk-moments",
    shards=("walks-formulas",),
)

RHO_FORMULA = Claim(
    name="rho-formula",
    statement=(
        "The signal propagation probability $\\rho$ of a key is the share of inputs for which it sits where "
        "the clipped softmax is not saturated, so that it can influence output and gradient. For spectra of "
        "two values the Gaussian formula for it is right up to an error that falls as one over the rank."
    ),
    quantity="slope of the logarithm of the rms error on log d, full-rank spectra of two values",
    prediction=-1.0,
    tests=(
        Test(
            "slope",
            Below(-0.5),
            "slope of the logarithm of the rms error over seven positions on log d, from drawn last tokens",
            "half way between the rate $-1$ of the moments and the slope 0 of a spectrum of fixed rank",
        ),
        Test(
            "exact-rate",
            Equals(0.05),
            "the same slope by quadrature, d from 256 to 4096",
            "terms of order 1/d² bend the slope by at most a few percent from d = 256 on",
        ),
        Test(
            "walks",
            MatchesExact(0.01, independent=False),
            "share of propagating keys in walks of which every step is drawn, beside the quadrature, "
            "deviations absolute",
            "the Gaussian formula at rank one is up to 0.3 away",
        ),
        Test(
            "fixed-rank",
            Reported(),
            "rms error of spectra of rank 16 and of rank 1 at every width, beside the quadrature",
            "none: the law of the scores does not depend on the width here, so the error does not fall",
        ),
    ),
    control=Control(
        "matrices of rank one, for which no central limit theorem holds at any width (walks: where the "
        "formula is 0.1 and more away)"
    ),
    figure="rho-formula",
    shards=("walks-formulas",),
)

CONTRAST = Claim(
    name="contrast",
    statement=(
        "The localisation contrast $C$ is how far the propagation probability $\\rho$ rises above 1/2 at its "
        "best key. At a fixed positive sum $\\xi$ of the eigenvalues (the trace) it grows as the sum $\\eta$ "
        "of their squares, and with it their variance, shrinks; without a positive trace there is none but "
        "what a walk of finite length leaves."
    ),
    quantity="contrast of random walks less that of the formula, for every $\\xi$ and $\\eta$",
    prediction=None,
    tests=(
        Test(
            "value",
            Equals(0.015),
            "share of propagating keys less 1/2 where the formula has its peak on the grid, beside the "
            "formula, spectra of two values",
            "by quadrature the Gaussian step is off by up to 0.006 at d = 128; contrasts range from $-0.49$ "
            "to $0.50$",
        ),
        Test(
            "ordering",
            Above(0.0),
            "gain in contrast from each $\\eta$ to the next smaller one at the same $\\xi$, on the same "
            "walks",
            "the claim is the sign",
        ),
        Test(
            "mean-needed",
            Above(0.02),
            "contrast at $\\xi > 0$ less that of the formula for $\\xi = 0$ at the same $\\eta$ and length",
            "the least predicted is 0.058, and an antisymmetric matrix has 0.004 at finite length",
        ),
    ),
    control=Control(
        "$\\xi$ with its sign turned round (value, ordering); the antisymmetric part of a matrix "
        "(mean-needed)"
    ),
    figure="contrast",
    shards=("walks-profiles",),
)

MODES = Claim(
    name="modes",
    statement=(
        "Keys propagate best where the formula has its peak. For a concentrated spectrum (small $\\eta$, "
        "the sum of squared eigenvalues) their sum $\\xi$, the trace, decides where that is: late in the "
        "sequence for $0 < \\xi \\le 1$, and everywhere before $t/T = 1/\\xi$ for $\\xi > 1$. Without a "
        "trace it is the start."
    ),
    quantity="share of propagating keys at the formula's peak less that at positions beyond the next",
    prediction=None,
    tests=(
        Test(
            "peak",
            Above(-0.025),
            "share at the formula's peak less that at every position more than a step of the grid away, "
            "$\\xi \\ge 0$",
            "ties: by quadrature the Gaussian step is off by up to 0.022 near the edge of a middle-site "
            "profile at d = 128",
        ),
        Test(
            "late-site",
            Above(0.0),
            "share at t/T = 3/4 less that at 1/8, late-site $\\xi$ and its two smallest $\\eta$",
            "the claim is the sign",
        ),
        Test(
            "middle-site",
            Below(0.1),
            "share at the last position of the grid, middle-site $\\xi$ and its two smallest $\\eta$",
            "a fifth of the 1/2 that keys have without a mean; the formula has 0.02 and less",
        ),
        Test(
            "before-the-edge",
            Above(0.0),
            "share less 1/2 at every position a step of the grid and more before $t/T = 1/\\xi$, middle-site "
            "$\\xi$ and its two smallest $\\eta$",
            "the claim is the sign; the test was added after profiles had been seen",
        ),
        Test(
            "true-softmax",
            Reported(),
            "true softmax in the middle-site regime: centre and entropy of its mass, and the sum of a "
            "clipped-linear row, beside those measured before at d = 128 and T = 64",
            "none: it shows that $\\rho$ is not where attention sits",
        ),
    ),
    control=Control(
        "the late peak for middle-site spectra, and the last position where there is no trace, over the "
        "formula's peak (peak); the other mode (sites); positions beyond $1/\\xi$ (before-the-edge)"
    ),
    figure="profiles",
    shards=("walks-profiles",),
)

CLAIMS: tuple[Claim, ...] = (WALK_MOMENTS, RHO_FORMULA, CONTRAST, MODES)
