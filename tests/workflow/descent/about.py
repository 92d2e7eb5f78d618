"""The paper, for a reader with five minutes."""

from widthscope.studies.base import About

ABOUT = About(
    title="Descent on a quadratic",
    authors="Nobody",
    arxiv="0000.00000",
    year=2026,
    says=("Each step takes a tenth of the weights away.",),
    model=("Weights of width n, $w_{t+1} = 0.9 w_t + 0.1 g_t$ with Gaussian $g_t$.",),
)
