"""The paper, for a reader with five minutes.

Seen: the abstracts of both versions, public summaries with excerpts of the experiments, and the authors'
repository, which holds no code. Every formula tested here is derived in the theory notes.
"""

from widthscope.studies.base import About

ABOUT = About(
    title=(
        "Understanding Gradient Regularization in Deep Learning: "
        "Efficient Finite-Difference Computation and Implicit Bias"
    ),
    authors="Ryo Karakida, Tomoumi Takase, Tomohiro Hayase, Kazuki Osawa",
    arxiv="2210.02720",
    year=2023,
    says=(
        "A penalty on the squared norm of the loss's gradient can be trained by differences of two "
        "gradients, one of them after a step of ascent (forward) or of descent (backward), in place of "
        "double backpropagation.",
        "Two gradients take about six matrix products for each layer, double backpropagation about nine.",
        "Forward differences with a long ascent generalise best; that is no error of approximation, but a "
        "bias of their own.",
        "In diagonal linear networks the regularised flow ends where a flow from smaller weights would: "
        "nearer to sparse solutions, the more so the longer the ascent.",
        "Sharpness-aware minimisation is the forward difference with strength and ascent alike, and two "
        "steps of flooding with opposite signs are a difference, too.",
    ),
    model=(
        "With the gradient $g(\\theta)$ of a batch's loss $L$ and its Hessian $H$, the penalised loss is "
        "$L + \\frac{\\gamma}{2} |g|^2$, with the gradient $g + \\gamma H g$. For $H g$ stand",
        "$$\\frac{g(\\theta + \\varepsilon g) - g(\\theta)}{\\varepsilon} \\;\\text{(forward)} , \\qquad "
        "\\frac{g(\\theta) - g(\\theta - \\varepsilon g)}{\\varepsilon} \\;\\text{(backward)} ,$$",
        "on the same batch, with $\\varepsilon$ not divided by $|g|$. A backward difference is a forward one "
        "with $-\\varepsilon$; signed $\\varepsilon$ is written where both are compared.",
        "Networks for images are perceptrons on digits. Diagonal linear networks have the coefficients "
        "$\\beta = w_+^2 - w_-^2$, entry by entry, from $w_\\pm = \\alpha_0$, and the loss "
        "$|X \\beta - y|^2 / (4 n)$.",
    ),
)
