"""The paper, for a reader with five minutes.

Seen: the abstract, the summary of the authors' code and the code itself. Accuracies of the paper were not
seen; every formula tested here is derived in this study.
"""

from widthscope.studies.base import About

ABOUT = About(
    title="Hierarchical Associative Memory, Parallelized MLP-Mixer, and Symmetry Breaking",
    authors="Ryo Karakida, Toshihiro Ota, Masato Taki",
    arxiv="2406.12220",
    year=2024,
    says=(
        "A hierarchical associative memory, a network whose dynamics lowers an energy, contains the blocks "
        "of an MLP-Mixer: one visible layer coupled to two hidden ones gives token mixing, channel mixing, "
        "layer normalisation and the skip connection in one update.",
        "In that update both mixings read the same features, so that it is a parallelised Mixer; layer "
        "normalisation and GELU are the activations that belong to the layers' Lagrangians.",
        "The energy falls because the couplings are symmetric: what leads back from a hidden layer is the "
        "transpose of what leads to it.",
        "In image recognition a Mixer with symmetric couplings is worse than the usual one, and adding a "
        "matrix that breaks the symmetry, with a penalty, leads from one to the other.",
        "So training by gradients is said to let the weights of a Mixer acquire a configuration that breaks "
        "the symmetry.",
    ),
    model=(
        "The visible state is a table $x$ of $S$ tokens and $C$ channels, normalised over all its entries to "
        "$g$. A block adds $U(g) = W_2\\, \\varphi(W g) + \\varphi(g V^\\top)\\, V_2^\\top$ to it, where $W$ "
        "mixes tokens, $V$ mixes channels, and the activation $\\varphi = \\Phi'$ is ReLU or GELU.",
        "With $W_2 = W^\\top$ and $V_2 = V^\\top$ this is $-\\partial E / \\partial g$ of the energy",
        "$$E(x) = x \\cdot g - L(x) - \\sum \\Phi(W g) - \\sum \\Phi(g V^\\top) ,$$",
        "where $L(x) = S C \\sqrt{\\mathrm{var}(x)}$ is the Lagrangian of layer normalisation. Along "
        "$\\tau \\dot x = U(g)$ it never rises; in steps of any size it never rises either where $\\Phi$ is "
        "convex, as for ReLU. This holds for one block that is repeated, not for a stack of different ones.",
        "Mixers are trained with these couplings tied, tied to minus the transposes, free, and "
        "$W_2 = W^\\top + \\tilde W$ with the penalty $\\lambda |\\tilde W|^2$. How symmetric they are is "
        "measured by $A = |W_2 - W^\\top| / (|W_2| + |W|)$, 0 where tied, 0.71 where independent and 1 where "
        "anti-tied, and by the alignment $\\rho$ of $W_2$ and $W^\\top$, a cosine.",
    ),
)
