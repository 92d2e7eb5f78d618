"""The paper, for a reader with five minutes.

Seen: the abstracts of both versions, section titles, the caption of Figure 1 and public notes of a talk; no
code of the authors was found. Every formula tested here is derived in the theory notes.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Understanding MLP-Mixer as a Wide and Sparse MLP",
    authors="Tomohiro Hayase, Ryo Karakida",
    arxiv="2306.01470",
    year=2024,
    says=(
        "A mixing layer of S tokens and C channels is an ordinary layer of width S C on the table's entries, "
        "with a Kronecker product as its weight: very wide and very sparse.",
        "A linear token mixing with its channel mixing is a Monarch matrix with equal blocks, and L2 "
        "penalties "
        "on the two factors bound an L1 norm of the product.",
        "Hidden features and spectra of a mixer resemble those of a network with static random sparse "
        "weights "
        "of the same density.",
        "At a fixed number of connections a wider and sparser network generalises better, so tokens and "
        "channels should be as many as each other, where the width is largest.",
        "Random permutations in place of the transposes destroy the block structure and leave the cost: such "
        "a mixer is still closer to sparse random weights.",
    ),
    model=(
        "A table $X$ has $S$ tokens and $C$ channels, $m = S C$ is the effective width, and "
        "$\\mathrm{vec}$ stacks columns. Token and channel mixing are",
        "$$\\mathrm{vec}(W X) = (I_C \\otimes W)\\, \\mathrm{vec}(X) , \\qquad "
        "\\mathrm{vec}(X V) = (V^\\top \\otimes I_S)\\, \\mathrm{vec}(X) ,$$",
        "with densities $1/C$ and $1/S$. Permuted-Kronecker layers are $J_2 (I_n \\otimes W) J_1$ with any "
        "permutations; the mixer has commutations there, its random-permuted form (RP) random ones.",
        "Two counts differ: connections $\\Omega = \\gamma m (S + C) / 2$, the non-zeros of the effective "
        "weights, and free parameters $\\gamma (S^2 + C^2)$. Both leave the largest width to $S = C$, but at "
        "a fixed number of connections the free parameters are fewest there.",
        "Sparse networks (SW) have weights $M \\circ A$ with a static random 0/1 mask of density $p$ and "
        "variance $2 / (p m)$ before a ReLU.",
    ),
)
