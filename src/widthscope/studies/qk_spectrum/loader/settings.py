"""Settings of the family `loader`: reading checkpoints."""

from typing import Annotated

from pydantic import Field, model_validator

from widthscope.settings_types import Count, Heads, Section, Tokens, Width


class Loader(Section):
    """Small modules of every layout, saved and read back."""

    width: Width = Field(32, description="Width d of the tokens.")
    heads: Heads = Field(4, description="Number of query heads H.")
    key_heads: Heads = Field(2, description="Number of key heads, where query heads share them.")
    tokens: Annotated[Tokens, Field(ge=4)] = Field(12, description="Number of tokens T.")
    draws: Count = Field(4, description="Times that each module is drawn anew; the worst is judged.")

    @model_validator(mode="after")
    def _sizes_fit(self) -> "Loader":
        if self.width % (4 * self.heads):
            raise ValueError(
                f"width must be a multiple of 4 heads = {4 * self.heads}, not {self.width}, so that "
                "coordinates pair up"
            )
        if self.heads % self.key_heads or not 1 < self.key_heads < self.heads:
            raise ValueError(
                f"key_heads must divide heads = {self.heads} and lie between 1 and it, not be "
                f"{self.key_heads}, so that key heads can be mistaken"
            )
        return self
