"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title=(
        "Understanding Gradient Regularization in Deep Learning: "
        "Efficient Finite-Difference Computation and Implicit Bias"
    ),
    authors="Ryo Karakida, Tomoumi Takase, Tomohiro Hayase, Kazuki Osawa",
    arxiv="2210.02720",
    year=2023,
    says=(),
    model=(),
)
