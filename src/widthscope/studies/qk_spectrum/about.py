"""The paper, for a reader with five minutes.

Seen: the abstract, the opening of the introduction, and public summaries. The numbered definitions, theorems
and figures were not seen; every formula tested here is derived in this study, and what the paper itself says
is marked as such.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Self-attention Networks Localize When QK-eigenspectrum Concentrates",
    authors="Han Bao, Ryuichiro Hataya, Ryo Karakida",
    arxiv="2402.02098",
    year=2024,
    says=(
        "Attention can fail by being uniform, so that all tokens become one vector (rank collapse), or by "
        "being so peaked that training stalls (entropy collapse).",
        "The paper describes in between them the localisation of a head: how much of the sequence can "
        "influence its output and its gradient.",
        "It measures it by the signal propagation probability, the chance that a token of a random walk sits "
        "where a piecewise-linear approximation of softmax is not saturated.",
        "A query-key matrix whose eigenvalues have a mean other than zero and a small variance localises "
        "attention, and escapes both collapses.",
        "A penalty that shrinks the spectrum and keeps its mean (LocAteR) improved perplexity and attention "
        "entropy of a small language model on WikiText-2.",
    ),
    model=(
        "A head of dimension $d_h$ at width $d$ has weights $W_Q, W_K \\in \\mathbb{R}^{d_h \\times d}$. Key "
        "$t$ has for query $s$ the score",
        "$$\\omega_{st} = x_s^\\top W x_t, \\qquad W = W_Q^\\top W_K / \\sqrt{d_h} .$$",
        "Inputs are random walks $x_t = \\varepsilon_1 + \\dots + \\varepsilon_t$ with independent steps "
        "$\\varepsilon \\sim N(0, \\Sigma)$. What their scores know of $W$ is, with $\\Sigma = I$ unless "
        "said otherwise,",
        "$$\\xi = \\mathrm{tr}(W \\Sigma), \\qquad \\eta_1 = \\mathrm{tr}(W \\Sigma W \\Sigma), \\qquad "
        "\\eta_2 = \\mathrm{tr}(W \\Sigma W^\\top \\Sigma) .$$",
        "The mean of the eigenvalues is $m = \\xi / d$. A symmetric $W$ has $\\eta_1 = \\eta_2 = \\eta$ and "
        "the variance $\\eta / d - m^2$; otherwise there are three variances, which are not equal. Free of "
        "scale are the concentration $\\kappa = \\xi^2 / (d_h \\eta_2)$, at most 1, and the trace score $z = "
        "\\xi \\sqrt{d} / \\|W\\|_F$ with mean 0 and variance 1 if keys are rotated at random.",
        "Of the $T$ tokens of a sequence, key $t$ propagates for the last query if $-1 < \\omega_t < T - 1$; "
        "$\\rho_t$ is its probability.",
    ),
)
