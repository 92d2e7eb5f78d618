"""The paper, for a reader with five minutes.

Seen: the running text with its tables, without displayed formulas and figures, and the official code of the
oscillator model. Every formula tested here is derived in this study, and what the paper itself says is marked
as such.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Recurrent Self-Attention Dynamics: An Energy-Agnostic Perspective from Jacobians",
    authors="Akiyoshi Tomihari, Ryo Karakida",
    arxiv="2505.19458",
    year=2025,
    says=(
        "A self-attention layer applied again and again to its own output is a dynamical system on tokens; "
        "so far it was understood through energies, which need symmetric weights, one head and continuous "
        "time.",
        "The paper loosens the first two conditions, and then looks at Jacobians from one state to the next "
        "instead of energies.",
        "Normalisation bounds the spectral norm of the Jacobian, and brings the complex eigenvalues of an "
        "oscillation that discrete time has pushed outwards back to the unit circle.",
        "The largest Lyapunov exponent over 16 steps is large without normalisation, negative with symmetric "
        "weights, and near zero in normalised models that solve Sudoku well.",
        "Penalising the spectral norms of the weights helped, and so did more iterations at test time; "
        "enforcing the conditions for an energy did not help.",
    ),
    model=(
        "A state $X \\in \\mathbb{R}^{S \\times D}$ has $S$ tokens $x_i$ of width $D$. With $H$ heads of "
        "dimension $D_H = D/H$ and $\\beta = 1/\\sqrt{D_H}$,",
        "$$\\mathrm{MSA}(X) = \\sum_h P_h X B_h, \\qquad P_h = \\mathrm{softmax}(\\beta X A_h X^\\top), "
        "\\qquad A_h = W_{Q,h} W_{K,h}^\\top, \\quad B_h = W_{V,h} W_{O,h} .$$",
        "Iterated self-attention (ItrSA) with step $\\eta$ and a constant drive $C$ is",
        "$$X \\leftarrow \\mathrm{Norm}\\left(X + \\eta\\,(C + \\mathrm{MSA}(X))\\right) ,$$",
        "where Norm makes every token a unit vector (unit), one of norm $\\sqrt{D}$ (rms), the same after "
        "its mean is subtracted (ln), or does nothing (none). The oscillator model (AKOrN) normalises groups "
        "of $N$ coordinates, rotates them at a frequency $\\omega$, and lets attention act along the sphere "
        "only.",
        "The Jacobian of one step is $J$, of size $SD \\times SD$. Of $T$ steps, the Lyapunov exponents over "
        "this horizon are $\\lambda_i = \\frac{1}{T} \\log \\sigma_i(J_T \\cdots J_1)$ with singular values "
        "$\\sigma_i$. At $T = 16$ these are not yet those of the long run, and both are given here.",
    ),
)
