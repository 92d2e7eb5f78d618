"""The paper, for a reader with five minutes.

Seen: the abstract, the introduction, captions of one table and of one figure, public reviews, and the
authors' code with its tables of exponents. Every formula tested here is derived in this study.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="On the Parameterization of Second-Order Optimization Effective Towards the Infinite Width",
    authors="Satoki Ishikawa, Ryo Karakida",
    arxiv="2312.12226",
    year=2024,
    says=(
        "Wide networks that are trained with K-FAC or Shampoo need hyper-parameters that depend on the "
        "width, as they do for stochastic gradient descent.",
        "One preconditioned update from random weights tells how the initial weights, the learning rate of "
        "each layer and the damping must scale for features to move and outputs to stay of order one.",
        "K-FAC then needs the same learning rate at all widths in every layer; Shampoo needs powers of the "
        "width in the first and the last layer.",
        "The usual heuristic for the damping of K-FAC breaks this scaling and has to be rescaled; with a "
        "readout that starts at zero the first step of K-FAC is a kernel regression.",
        "With the right scaling the best learning rate and damping of a narrow network serve a wide one, and "
        "wide networks generalise better.",
    ),
    model=(
        "A network without biases, $h_1 = W_1 x$, $h_l = W_l \\varphi(h_{l-1})$, $f = h_L$, with hidden "
        "layers of width $M$, squared loss, and $L = 3$ layers here. Weights of hidden layers have variance "
        "$\\sigma^2/M$, those of the readout $\\sigma_L^2 M_0^{-1} (M/M_0)^{-2 b_L}$, and rates are "
        "$\\eta_l = \\eta' (M/M_0)^{-c_l}$: at the base width $M_0$ all parameterisations are one.",
        "K-FAC multiplies the gradient $G_l$ by powers of two damped factors,",
        "$$W_l \\leftarrow W_l - \\eta_l (B_l + \\rho_{B,l} I)^{-e_B}\\, G_l\\, "
        "(A_l + \\rho_{A,l} I)^{-e_A} ,$$",
        "where $A_l$ is the second moment of what enters the layer and $B_l$ that of the signals which come "
        "back to it; Shampoo uses the gradient's own, "
        "$(G G^\\top + \\rho I)^{-e} G (G^\\top G + \\rho I)^{-e}$.",
        "The maximal-update parameterisation has $b_L = 1$ and rates for which every layer moves by as much "
        "at every width; the standard one has $b_L = 1/2$ and one rate for all.",
        "Widths enter as exponents: the slope of $\\log_2$ of a root mean square change on $\\log_2 M$.",
    ),
)
