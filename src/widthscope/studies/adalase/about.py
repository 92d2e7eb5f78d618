"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="Optimal Layer Selection for Latent Data Augmentation",
    authors="Tomoumi Takase, Ryo Karakida",
    arxiv="2408.13426",
    year=2024,
    says=(),
    model=(),
)
