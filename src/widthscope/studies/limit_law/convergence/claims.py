"""The claims on convergence, with their margins."""

import math

from widthscope.statistics.claims import Claim, Control, Test
from widthscope.statistics.rules import Above, Below, Equals, MatchesExact, Reported

_RATE_MARGIN = (
    "0.1 keeps the rate 1/n apart from 1/sqrt(n) and from none, and lies well above the 2% by which the fit "
    "with one correction term is known to be biased for random tokens (docs/theory/limit_law.md, 3.6)"
)
_TOKENS = {
    "fixed": "orthonormal tokens",
    "clip": "the paper's tokens",
    "relu": "ReLU tokens",
}

OUTPUT_RATE = Claim(
    name="output-rate",
    statement="The joint law of several tokens and coordinates approaches the limit law at rate 1/n.",
    quantity="exponent of the joint distance (all tokens, 2 coordinates) in 1/n, orthonormal tokens",
    prediction=1.0,
    tests=tuple(
        Test(
            law + suffix,
            Equals(margin=0.1),
            f"exponent of the joint distance in 1/n, {tokens}{words}",
            _RATE_MARGIN,
        )
        for suffix, words in (("", ""), ("-fresh-seeds", ", fresh seeds"))
        for law, tokens in _TOKENS.items()
    ),
    control=Control(
        "the same layers put to a Gaussian law: that of infinitely many heads, or for ReLU tokens, where the "
        "two are too close, that of uniform attention"
    ),
    figure="joint-rate",
    shards=("convergence-fixed-*", "convergence-clip-*", "convergence-relu-*"),
    needs="more draws: the interval of the exponent shortens as one over the root of their number",
)

PLATEAU = Claim(
    name="plateau",
    statement="The distance to the limit law vanishes; the distance to Gaussian laws does not.",
    quantity="squared joint distance to the limit law over that to another law, at the largest width",
    prediction=0.0,
    tests=(
        *(
            Test(
                law,
                Below(threshold=0.1),
                f"squared distance to the limit law over that to another law, {tokens}",
                "a layer ten times nearer in squared distance is told apart by a factor of 3 in distance",
            )
            for law, tokens in _TOKENS.items()
        ),
        Test(
            "not-told-apart",
            Reported(),
            "the same ratio for laws that random tokens of these widths cannot be told apart from",
            "larger widths would be needed, or for ReLU tokens statistics other than a joint distance",
        ),
    ),
    control=Control("the limit law itself as the other law, measured by an independent repeat"),
    figure="joint-rate",
    shards=OUTPUT_RATE.shards,
    needs="more draws at the largest width, or larger widths, where the limit law is nearer",
)

_DISTANCES = {
    "ks": "Kolmogorov-Smirnov distance",
    "wasserstein": "Wasserstein distance",
    "energy": "energy distance",
    "kl": "Kullback-Leibler divergence",
}

OUTPUT_1D_RATE = Claim(
    name="output-1d-rate",
    statement="For one output, KS and Wasserstein distances fall as 1/n, energy distance and KL as 1/n².",
    quantity="slope of log KS distance on log n",
    prediction=-1.0,
    tests=(
        *(
            Test(
                metric,
                Equals(margin=0.03),
                f"slope of log {words} on log n, from characteristic functions, n >= 32",
                "terms of the next order in 1/n bend the slope by at most 0.02 from n = 32 on",
            )
            for metric, words in _DISTANCES.items()
        ),
        Test(
            "coupled-draws",
            MatchesExact(margin=0.05),
            "largest difference of the distribution functions, by coupled draws against its computed value",
            "5% of the difference; forgetting the finite value dimension changes it by half or more",
        ),
    ),
    control=Control(
        "distances from the Gaussian law of infinitely many heads, and for the draws a computed value that "
        "forgets the finite value dimension"
    ),
    figure="one-dimension",
    shards=("convergence-one-dimension",),
)

PAPER_KL = Claim(
    name="paper-kl",
    statement="The paper's kernel-density KL falls with n until it reaches its Monte-Carlo floor.",
    quantity="log KL at the smallest width less log KL at the next one, mean over seeds",
    prediction=None,
    tests=(
        Test(
            "falls",
            Above(threshold=math.log(3)),
            "log KL at the smallest width less log KL at the next one, mean over seeds",
            "a fall to a third, as at the floor; two samples of the limit law do not differ on average",
        ),
        Test(
            "above-floor",
            Above(threshold=math.log(3)),
            "log KL at the second width less the log of the floor, the KL of two limit samples, mean over "
            "seeds",
            "three times the floor: nearer to it, an estimate says more about the draws than about the law",
        ),
        Test(
            "reaches-floor",
            Reported(),
            "first width whose mean KL is within two standard deviations of the floor",
            "no slope is fitted, as it would run through the floor",
        ),
    ),
    control=Control("independent samples of the limit law in the place of the two smallest widths"),
    figure="paper-kl",
    shards=("convergence-paper-kl",),
)

LIKELIHOOD_RATIO = Claim(
    name="likelihood-ratio",
    statement="On held-out outputs of a finite layer, the limit law beats the Gaussian of infinite heads.",
    quantity="mean log-likelihood ratio per draw (nats), smallest over the numbers of coordinates",
    prediction=None,
    tests=(
        Test(
            "log-ratio",
            Above(threshold=0.0, standard_errors=5.0),
            "mean log-likelihood ratio per held-out draw, limit law against Gaussian law",
            "0 favours neither law; five standard errors to spare",
        ),
    ),
    control=Control("draws of the Gaussian law itself"),
    figure="likelihood-ratio",
    shards=("convergence-likelihood-ratio",),
)

CLAIMS: tuple[Claim, ...] = (OUTPUT_RATE, PLATEAU, OUTPUT_1D_RATE, PAPER_KL, LIKELIHOOD_RATIO)
