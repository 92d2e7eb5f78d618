"""Settings of one checkpoint that a user brings; read at every parse of the workflow, so it stays light."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from widthscope.settings_types import Heads, Positive, Section

LayoutName = Literal["auto", "gpt2", "separate", "stacked", "per_head", "pattern"]
"""How queries and keys lie in the tensors: a layout of `widthscope.checkpoints.layouts`, or what finds it."""

NamePattern = Annotated[str, Field(pattern=r"^[^{}]*\{layer\}[^{}]*$")]
"""A tensor's name with ``{layer}`` where the number of the layer stands."""


class Checkpoint(Section):
    """One model to analyse: where its weights are and, where the file does not tell, how to read them."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")] = Field(
        description="Name in the report and of its files."
    )
    path: Annotated[str, Field(min_length=1)] = Field(
        description="A weights file, the index of a sharded one, or the folder that holds them."
    )
    layout: LayoutName = Field(
        "auto", description="How queries and keys are stored; auto tells by config.json, names and shapes."
    )
    heads: Heads | None = Field(
        None, description="Number of query heads per layer; empty to take it from config.json."
    )
    key_heads: Heads | None = Field(
        None, description="Number of key heads, where query heads share them; empty to tell by config.json."
    )
    query: NamePattern | None = Field(
        None, description="Name of the query (or fused) weights, for names that are not known."
    )
    key: NamePattern | None = Field(None, description="Name of the key weights, for layout pattern.")
    norm: NamePattern | None = Field(
        None, description="Name of the gain of the norm before attention, if a pattern names the weights."
    )
    transposed: bool = Field(
        False, description="Whether the weights that a pattern names are stored as (input, output)."
    )
    scale: Positive | None = Field(
        None, description="Factor of the scores; empty for the model's own, else 1/sqrt(head_dim)."
    )
    part: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="Beginning of the tensor names to analyse, where a file holds several models."
    )

    @model_validator(mode="after")
    def _names_are_complete(self) -> "Checkpoint":
        if self.layout == "pattern" and not (self.query and self.key):
            raise PydanticCustomError("names", "layout pattern needs both 'query' and 'key'")
        if self.query is None and (self.key or self.norm or self.transposed):
            raise PydanticCustomError("names", "'key', 'norm' and 'transposed' go with 'query'")
        if self.heads and self.key_heads and self.heads % self.key_heads:
            raise PydanticCustomError("heads", "'key_heads' must divide 'heads'")
        return self
