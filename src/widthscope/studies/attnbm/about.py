"""The paper, for a reader with five minutes.

Seen: the abstract, the opening of the introduction, and the code of the authors with its notebook. Every
formula tested here is derived in this study.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Attention in a family of Boltzmann machines emerging from modern Hopfield networks",
    authors="Toshihiro Ota, Ryo Karakida",
    arxiv="2212.04692",
    year=2023,
    says=(
        "Modern Hopfield networks have an energy made of two Lagrangians, one for each layer; one choice of "
        "these gives the attention update of transformers, others give dense associative memories.",
        "Each such energy defines a Boltzmann machine, and the one of attention has a likelihood and a "
        "gradient that are tractable in special cases: it is trained without Monte Carlo.",
        "It is related to the Gaussian-Bernoulli restricted Boltzmann machine, and, through denoising score "
        "matching, to a denoising autoencoder with softmax units.",
        "Dense associative memories give Boltzmann machines that belong to the exponential family "
        "harmoniums.",
        "Trained on images, the attentional machine learns patterns that look like single images, and "
        "completes images most of whose pixels are hidden.",
    ),
    model=(
        "With visible units $v$ and memories $w_j$, the rows of $W$, hidden units eliminated,",
        "$$E(v) = \\frac{1}{2}|v - b|^2 - \\log \\sum_j \\exp(w_j \\cdot v + c_j), \\quad p(v) = "
        "e^{-E(v)} / Z .$$",
        "One step down the energy is attention, $v \\leftarrow b + W^\\top \\mathrm{softmax}(W v + c)$. "
        "The density is a mixture of Gaussians of unit covariance with means $b + w_j$ and weights "
        "$\\pi_j \\propto \\exp(|w_j|^2/2 + w_j \\cdot b + c_j)$; the attention is the probability that a "
        "component made $v$.",
        "The authors' script trains $W$ alone, $b = c = 0$, which ties the weights to the norms. Its loss "
        "is the mean negative log likelihood, without $(N/2)\\log 2\\pi$, over the batch size.",
    ),
)
