"""Bounds of how ratios learn, which perceptrons and convolutional networks share."""

from typing import Annotated

from pydantic import Field

RatioRate = Annotated[float, Field(gt=0, le=10)]
"""At 10 an alignment of a tenth already takes a ratio from one end of its range to the other in one step."""

Least = Annotated[float, Field(gt=0, le=0.5)]
"""Above a half, less of the ratios would be left to move than is held at their floors."""
