"""The paper, for a reader with five minutes.

Seen: the abstract, the opening of the introduction, public summaries, and the authors' code of September
2024; not the tables of accuracies, nor the direction of any trend. Which formulas come from where is said in
the theory notes, 7.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Optimal Layer Selection for Latent Data Augmentation",
    authors="Tomoumi Takase, Ryo Karakida",
    arxiv="2408.13426",
    year=2024,
    says=(
        "Data augmentation can be applied to hidden feature maps as well as to images, and which layer is "
        "best depends on data, sample size, network and operation.",
        "AdaLASE keeps a ratio for each layer, applies the operation at a layer drawn by the ratios, and "
        "moves that ratio by gradient descent on a validation loss while the network is trained.",
        "The gradient by a ratio is the inner product of the training gradient with the validation gradient, "
        "after the inverse Hessian of the bilevel problem is replaced by the identity.",
        "No data are held out: training images under mild transformations take their place.",
        "Ratios move towards good layers, and accuracy is comparable to that of a uniform choice of layers "
        "or better.",
    ),
    model=(
        "An operation $T$ can be applied to what enters any of $K$ positions of a network, with loss "
        "$L_i(\\theta)$ at position $i$. The objective is $\\sum_i q_i L_i(\\theta)$ with ratios $q$ that "
        "sum to 1 and start at $1/K$.",
        "At each step $l \\sim q$, the weights take a step on $L_l$, and then",
        "$$q_l \\leftarrow q_l + \\eta_q \\, \\langle \\nabla L_{val}(\\theta'), \\nabla L_l(\\theta) "
        "\\rangle ,$$",
        "after which ratios are clipped to $[\\delta / K, 1 - \\delta / K]$ and divided by their sum. "
        "$\\theta'$ are the weights after the step; for one plain step the increment is the exact negative "
        "derivative of $L_{val}(\\theta')$ by $q_l$, over the learning rate.",
        "With alignments $G_l$ frozen and no clip, the mean ratios follow a replicator equation, "
        "$dq_l / dt = \\eta_q q_l (G_l - \\sum_j q_j G_j)$. If all $G_l$ are equal nothing is selected, and "
        "yet every run drifts to a corner, on the time scale $(\\eta_q G)^{-2}$. So movement in one "
        "run is no evidence; means over seeds are, beside runs in which the operation does nothing.",
        "Networks here are a perceptron and a small convolutional network on 8 by 8 digits with a hundred or "
        "so training images, where augmentation matters. Positions of known quality are made on purpose: "
        "features permuted across the batch under kept labels destroy them; flips do harm at the input and "
        "nothing before global average pooling.",
    ),
)
