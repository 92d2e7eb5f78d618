"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="The title of the paper",
    authors="Its authors",
    arxiv="0000.00000",
    year=2026,
    says=(
        "A linear layer with independent Gaussian weights keeps the norm of its input on average.",
        "The mean square of its n outputs fluctuates from draw to draw with variance 2/n.",
        "A wide layer therefore has the same norm in every draw: the norm averages itself.",
        "Weights that share a random scale have no such limit.",
        "Replace these five sentences by what the paper says.",
    ),
    model=(
        "One input $x$ with $|x|^2 = d$, weights $W \\in \\mathbb{R}^{n \\times d}$ of variance $1/d$, "
        "outputs $h = W x$, and their mean square",
        "$$q_n = \\frac{1}{n} \\sum_{i=1}^{n} h_i^2, \\qquad \\mathrm{Var}(q_n) = \\frac{2}{n} .$$",
    ),
)
