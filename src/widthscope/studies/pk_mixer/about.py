"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="Understanding MLP-Mixer as a Wide and Sparse MLP",
    authors="Tomohiro Hayase, Ryo Karakida",
    arxiv="2306.01470",
    year=2024,
    says=(),
    model=(),
)
