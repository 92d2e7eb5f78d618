"""The paper, for a reader with five minutes.

Seen: the abstract, the opening of the introduction, and the authors' code (both branches). The statements and
proofs of the theorems were not seen; the general-Gram formulas, finite-width laws and rates tested here are
derived in this study, and what the paper itself says is marked as such.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Infinite-Width Limit of a Single Attention Layer: Analysis via Tensor Programs",
    authors="Mana Sakai, Ryo Karakida, Masaaki Imaizumi",
    arxiv="2506.00846",
    year=2025,
    says=(
        "At random initialisation, with scores scaled by 1/√n and a fixed number of heads, the score "
        "matrices of a softmax-attention layer converge as the width n grows to jointly Gaussian matrices "
        "that stay random.",
        "The attention weights therefore stay random in the limit as well: they do not concentrate on their "
        "mean.",
        "Given the scores every output coordinate is Gaussian, so the output law is a mixture of Gaussians "
        "over the random scores: it is not Gaussian, and the coordinates of one output vector depend on each"
        " other.",
        "The known Gaussian limits are two degenerate corners of this law: infinitely many heads, and scores"
        " scaled by 1/n, under which attention becomes uniform.",
        "The paper supports this by density plots and by kernel-density estimates of the divergence between "
        "finite width and limit; here the same law is sampled exactly at a cost that does not depend on n, "
        "so that rates, constants and joint laws can be tested with error bars.",
    ),
    model=(
        "There are $s$ tokens, the rows of $X \\in \\mathbb{R}^{s \\times d}$, with Gram matrix "
        "$K = X X^\\top / d$. Head $a = 1, \\dots, H$ has independent Gaussian weights "
        "$W_Q^a, W_K^a, W_V^a$ of variance $1/d$ and $W_O^a$ of variance $1/d_v$, and",
        "$$G^a = \\frac{1}{\\sqrt{d_k}} X W_Q^a (X W_K^a)^\\top, \\qquad A^a = "
        "\\mathrm{softmax}_{\\mathrm{row}}(G^a), \\qquad Y = \\frac{1}{\\sqrt{H}} \\sum_{a=1}^{H} A^a X "
        "W_V^a W_O^a .$$",
        "Width means $d = d_k = d_v = n$ unless a claim says otherwise. In the limit the scores are "
        "independent over heads with covariance $K \\otimes K$, and the columns $y_\\alpha$ of $Y$ are "
        "independent given them:",
        "$$P^a \\sim N(0, K \\otimes K), \\qquad y_\\alpha \\mid P \\sim N(0, \\Sigma(P)), \\qquad "
        "\\Sigma(P) = \\frac{1}{H} \\sum_{a=1}^{H} A^a K A^{a\\top} .$$",
        "Three token laws are used. fixed: the Gram matrix is given, at every width. clip, the paper's: $x^i"
        " = W^i h$ with a Gaussian $h$, whose Gram matrix tends to $I$. relu: $x^i = \\max(W^i h, 0)$, whose"
        " Gram matrix tends to $a I + b 1 1^\\top$ with $a = 1/2 - 1/(2\\pi)$ and $b = 1/(2\\pi)$.",
    ),
)
