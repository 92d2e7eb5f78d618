"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="Attention in a family of Boltzmann machines emerging from modern Hopfield networks",
    authors="Toshihiro Ota, Ryo Karakida",
    arxiv="2212.04692",
    year=2023,
    says=(),
    model=(),
)
