"""The paper, for a reader with five minutes.

Seen: its abstract and introduction, captions of its Figure 1 and Table 1, and public summaries that restate
its theorem on linear networks. Exponents, rates and every number tested here are derived in this study.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Local Loss Optimization in the Infinite Width: Stable Parameterization of Predictive Coding "
    "Networks and Target Propagation",
    authors="Satoki Ishikawa, Rio Yokota, Ryo Karakida",
    arxiv="2411.02001",
    year=2025,
    says=(
        "Predictive coding and target propagation train every layer on a loss of its own, whose target comes "
        "from an inference phase or from learned feedback connections; both are fragile and have additional "
        "hyper-parameters.",
        "The paper derives how initialisation, learning rates, weights of the inference and of the feedback "
        "must scale with the width so that features are learned stably, the maximal-update parameterisation "
        "of both rules.",
        "In it, learning rates transfer from narrow networks to wide ones.",
        "In deep linear networks the gradient of predictive coding at its equilibrium lies between the "
        "first-order gradient and one like Gauss-Newton's, depending on the parameterisation; with the "
        "standard weights of the inference the limit of infinite width is first-order.",
        "Target propagation asks for another scale of the last layer than back-propagation, and has no "
        "kernel regime.",
    ),
    model=(
        "A network without biases, of width $M$: $h_1 = W_1 x$, $h_l = W_l \\phi(h_{l-1})$, output "
        "$f = h_L$, loss $\\frac{1}{2}\\|y - f\\|^2$. The last layer starts with a standard deviation "
        "proportional to $M^{-b_L}$, and layer $l$ learns with the rate $\\eta (M/M_0)^{-c_l}$; the base "
        "width is $M_0$.",
        "Predictive coding has states $u_l$, clamped to $u_0 = x$ and $u_L = y$, and lowers the energy",
        "$$F = \\sum_l \\frac{\\gamma_l}{2} \\|e_l\\|^2, \\qquad e_l = u_l - W_l \\phi(u_{l-1}), \\qquad "
        "\\gamma_L = (M/M_0)^{-\\bar\\gamma_L}, \\quad \\gamma_{l<L} = 1,$$",
        "first in the states, in one pass downwards or to the equilibrium, and then in the weights.",
        "Target propagation carries the target $t_L = f + \\beta (y - f)$ down through feedback maps $Q_l$: "
        "$t_{l-1} = h_{l-1} + Q_l \\psi(t_l) - Q_l \\psi(h_l)$ with $\\psi = \\phi$, or the identity at the "
        "output, and moves every $h_l$ towards $t_l$.",
    ),
)
