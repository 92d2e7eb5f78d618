"""A check that settings of several families share."""

from pydantic import ValidationInfo


def heads_divide_the_width(heads: int, info: ValidationInfo) -> int:
    """The number of heads, for a section whose `width` stands before its `heads`.

    Raises:
        ValueError: if the width does not split into so many heads.
    """
    width = info.data.get("width", heads)
    if width % heads:
        raise ValueError(f"{heads} heads do not divide the width {width}")
    return heads
