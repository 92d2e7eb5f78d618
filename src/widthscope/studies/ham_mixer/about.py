"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="Hierarchical Associative Memory, Parallelized MLP-Mixer, and Symmetry Breaking",
    authors="Ryo Karakida, Toshihiro Ota, Masato Taki",
    arxiv="2406.12220",
    year=2024,
    says=(),
    model=(),
)
