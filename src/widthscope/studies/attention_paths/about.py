"""The paper, for a reader with five minutes.

Seen: the abstract, the opening of the introduction, captions of the main figures, and the authors' code.
Every formula tested here is derived in the theory notes.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Dissecting the Interplay of Attention Paths in a Statistical Mechanics Theory of Transformers",
    authors="Lorenzo Tiberi, Francesca Mignacco, Kazuki Irie, Haim Sompolinsky",
    arxiv="2405.15926",
    year=2024,
    says=(
        "A deep multi-head attention network whose attention matrices are frozen and whose values are linear "
        "is a sum over attention paths: one head in each layer.",
        "Learned in the Bayesian sense, with widths that grow with the number of examples, it predicts as a "
        "Gaussian process whose kernel is a weighted sum of fixed kernels between pairs of paths.",
        "The weights, one matrix over pairs of paths, minimise an explicit action; they are the overlaps of "
        "the effective weights that the paths learn.",
        "At infinite width all paths count equally and do not mix; at finite width they are weighed and "
        "combined by the labels, and the network generalises better.",
        "Scores of the heads that are read off these weights tell which heads of a network trained by "
        "gradient descent can be pruned.",
    ),
    model=(
        "Tokens $x_t$ enter by $z^0_t = V^0 x_t / \\sqrt{N_0}$ and pass $L$ layers of attention,",
        "$$z^\\ell_t = \\frac{1}{\\sqrt{H_\\ell N_\\ell}} \\sum_{h, s} V^{\\ell h} z^{\\ell-1}_s "
        "\\Omega^{\\ell h}_{st} , \\qquad f = a \\cdot z^L / \\sqrt{N_a} ,$$",
        "where $\\Omega^{\\ell h}$ is the softmax over $s$ of $x_s^\\top B^{\\ell h} x_t$ and is never "
        "learned. Weights have normal priors, and labels $y = \\pm 1$ are fitted at a temperature "
        "$\\mathcal{T}$.",
        "A path $\\pi$ takes one head of each layer and has the input $\\xi_\\pi$, the tokens averaged by "
        "its attention. The kernel of the predictor is "
        "$K = D^{-1} \\sum_{\\pi\\pi'} U_{\\pi\\pi'}\\, \\xi_\\pi \\cdot \\xi_{\\pi'} / N_0$ over the "
        "$D$ paths.",
        "The order parameter $U$ minimises $E(U)$, which the labels determine, plus $N$ times an entropy "
        "which is least where $U$ is the identity.",
    ),
)
