"""Settings of the claims about token Grams that are not the identity: ReLU tokens and images."""

from typing import Annotated

from pydantic import Field

from widthscope.settings_types import Count, Draws, Heads, Increasing, Section, Width

LayerWidth = Annotated[Width, Field(ge=16)]
"""A width that a Bartlett factor of the tokens fits into."""


class ReluGram(Section):
    """The paper's ReLU tokens, whose limit Gram is a I + b 11ᵀ."""

    widths: Increasing[LayerWidth] = Field(
        (16, 64, 128, 256),
        min_length=4,
        description="Widths n of the layer and of its random tokens; a draw costs time proportional to n. "
        "Those from 256 on test the limit law, or the largest if there is none.",
    )
    heads: Heads = Field(2, description="Number of heads H.")
    tokens: Annotated[int, Field(ge=2, le=16)] = Field(4, description="Number of tokens s.")
    draws: Draws = Field(
        50_000, ge=1000, description="Draws of all weights and tokens at each width, and of each limit law."
    )
    witness_width: Annotated[LayerWidth, Field(le=256)] = Field(
        64, description="Width n at which tokens and layer are also drawn with all weights."
    )
    witness_draws: Draws = Field(20_000, ge=500, description="Draws of all weights one by one.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class DataGram(Section):
    """Images as tokens, each of them a fixed Gram."""

    images: Annotated[int, Field(ge=3, le=1797)] = Field(
        40, description="Number of images, the first of the digits; each row of 8 pixels is a token."
    )
    width: LayerWidth = Field(256, description="Head dimensions d_k = d_v.")
    heads: Heads = Field(1, description="Number of heads H.")
    draws: Draws = Field(20_000, ge=1000, description="Draws of all weights for each image.")
    batches: Count = Field(40, ge=8, description="Batches of draws; standard errors are over batches.")


class JointGram(Section):
    """One image as tokens, and laws whose scores have a wrong covariance."""

    image: Annotated[int, Field(ge=0, le=1796)] = Field(0, description="Number of the image, from 0.")
    width: LayerWidth = Field(256, description="Head dimensions d_k = d_v.")
    heads: Heads = Field(2, description="Number of heads H.")
    draws: Draws = Field(
        100_000, ge=1000, description="Draws of the finite layer, and of each law it is compared with."
    )


class TokenGrams(Section):
    """Sizes of the experiments on token Grams."""

    relu_gram: ReluGram = ReluGram()
    data_gram: DataGram = DataGram()
    joint_gram: JointGram = JointGram()
