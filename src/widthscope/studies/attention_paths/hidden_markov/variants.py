"""Names of the two variants of the task, of their paths, and of what stands in for an order parameter.

Light to import: experiments, fit and figures agree on these words.
"""

FOUR, TWO = "four_paths", "two_paths"
VARIANTS = (FOUR, TWO)
CALLED = {FOUR: "four paths", TWO: "two paths"}

PATHS = {FOUR: ("good", "random-1", "denoising", "random-2"), TWO: ("good", "denoising")}
"""In the flat order of paths; the random ones are (good, random) and (random, random), layer by layer."""

SUBSETS: dict[str, dict[str, tuple[str, ...]]] = {
    FOUR: {"all": PATHS[FOUR], "good": ("good",), "good+denoising": ("good", "denoising")},
    TWO: {"all": PATHS[TWO]},
}
"""Paths that a network is given, by name."""

HEADS = {"all": {FOUR: (2, 2), TWO: (2, 1)}, "good": {FOUR: (1, 1)}, "good+denoising": {FOUR: (2, 1)}}
"""Heads of each layer of a network with these paths alone."""

NOISE = {FOUR: (1.0, 1.0, 1.0), TWO: (1.0, 1.0, 5.0)}
"""Standard deviations along v+ + v-, along v+ - v-, and across both."""

RESTRICTIONS = ("diagonal", "negated", "shuffled")
"""Order parameters in the place of the learned one: of the action minimised over diagonal matrices; the
learned one with the denoising path's sign turned; that of permuted labels."""

TEACHERS = ("random paths", "sum of paths")
"""Labels of which the claim about the choice of paths is false: of a linear readout of the random paths, and
of one readout of the sum of the good and the denoising path."""

KERNELS = ("finite", "infinite")
LABELS = ("true", "permuted")
RANKS = 30
"""Leading eigenvectors whose overlaps with the labels are kept."""
