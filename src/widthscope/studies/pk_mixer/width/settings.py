"""Settings of the family `width`: accuracy over the effective width at a fixed number of weights."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from widthscope.datasets.image_sizes import check_batch, check_parts
from widthscope.settings_types import Count, Distinct, Increasing, Section
from widthscope.settings_types import Width as Units

Side = Annotated[int, Field(ge=2, le=2**12)]
Shape = tuple[Side, Side]
"""Tokens S and channels C. With S = 1 or C = 1 one of the two mixings is a number, and the other dense."""

SPREAD = 0.03
"""How far the count that is held fixed may differ between shapes, for want of whole numbers."""

WIDEST = 2**13
"""Widest network: a sparse one stores all m^2 numbers of a layer, and with Adam several times as many."""

MOST_BLOCKS = 64
MOST_SEEDS = 1000
MOST_EPOCHS = 10_000

HIGHEST_RATE = 1.0
"""Of Adam, which moves every weight by about its rate, whatever the loss."""

FEWEST_IMAGES = 50
"""Of both parts: five of each class on average; an accuracy then comes in steps of at most 0.02."""

SparseWidth = Annotated[Units, Field(le=WIDEST)]
Blocks = Annotated[int, Field(ge=1, le=MOST_BLOCKS)]
Epochs = Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
Seeds = Annotated[int, Field(ge=3, le=MOST_SEEDS)]
Images = Annotated[int, Field(ge=FEWEST_IMAGES, le=60_000)]
Rate = Annotated[float, Field(gt=0, le=HIGHEST_RATE)]

THINNEST = 4
"""Fewest tokens or channels of a network without skip connections."""

Noise = Annotated[float, Field(ge=0, le=10)]


def _refuse_spread(shapes: Sequence[Shape], counts: Sequence[float], fixed: int, name: str) -> None:
    for (tokens, channels), count in zip(shapes, counts, strict=True):
        if abs(count - fixed) > SPREAD * fixed:
            raise ValueError(
                f"the shape ({tokens}, {channels}) has {count:g} {name}, which differs from {fixed} by more "
                f"than {SPREAD:.0%}"
            )


class Sparse(Section):
    """Sparse networks with a fixed number of connections in each mixing layer."""

    connections: Count = Field(4096, description="Connections of each mixing layer.")
    widths: Increasing[SparseWidth] = Field((64, 128, 256), min_length=3, description="Widths m.")
    noise: Noise = Field(0.7, description="Deviation of Gaussian noise on standardised pixels.")
    epochs: Epochs = Field(40, description="Passes over the images trained on.")
    seeds: Seeds = Field(10, description="Independent seeds, each with a split of its own.")

    @model_validator(mode="after")
    def _connections_fit(self) -> "Sparse":
        if not self.widths[-1] <= self.connections <= self.widths[0] ** 2:
            raise ValueError(
                f"{self.connections} connections must be at least one for each unit of the widest layer, "
                f"{self.widths[-1]}, and fit the narrowest, which has {self.widths[0] ** 2} places"
            )
        return self


class _Shapes(Section):
    """Mixers of several shapes that agree in a count."""

    shapes: Distinct[Shape]
    noise: Noise = Field(0.7, description="Deviation of Gaussian noise on standardised pixels.")
    epochs: Epochs = Field(30, description="Passes over the images trained on.")
    seeds: Seeds = Field(8, description="Independent seeds, each with a split of its own.")

    @model_validator(mode="after")
    def _one_square_is_widest(self) -> "_Shapes":
        widths = sorted({tokens * channels for tokens, channels in self.shapes})
        if len(widths) < 3:
            raise ValueError(f"a slope needs shapes of at least 3 widths S C, not {len(widths)}")
        widest = [(tokens, channels) for tokens, channels in self.shapes if tokens * channels == widths[-1]]
        wrong = [shape for shape in widest if shape[0] != shape[1]]
        if wrong:
            raise ValueError(f"the widest shape must have S = C, where the width is largest, not {wrong[0]}")
        if widths[-1] > WIDEST:
            raise ValueError(f"the shape {widest[0]} has {widths[-1]} units, and there can be {WIDEST}")
        return self


class Connections(_Shapes):
    """Mixers with a fixed number of connections, m (S + C) / 2 on average over a block's two layers."""

    connections: Count = Field(4096, description="Connections of each mixing layer, on average.")
    shapes: Distinct[Shape] = Field(
        ((2, 63), (4, 43), (16, 16), (43, 4)),
        description="Tokens S and channels C of the mixers.",
    )

    @model_validator(mode="after")
    def _connections_agree(self) -> "Connections":
        _refuse_spread(
            self.shapes, [s * c * (s + c) / 2 for s, c in self.shapes], self.connections, "connections"
        )
        return self


class Standard(Connections):
    """The standard design, with skips: stem and head are trained, and grow with the width."""

    shapes: Distinct[Shape] = Field(
        ((2, 63), (4, 43), (8, 28), (16, 16), (28, 8), (43, 4)),
        description="Tokens S and channels C of the mixers.",
    )
    epochs: Epochs = Field(20, description="Passes over the images trained on.")
    seeds: Seeds = Field(16, description="Independent seeds, each with a split of its own.")


class Isolated(Connections):
    """The isolated design, with skips: only the mixing layers depend on the width."""

    noise: Noise = Field(0.0, description="Deviation of Gaussian noise on standardised pixels.")
    seeds: Seeds = Field(10, description="Independent seeds, each with a split of its own.")


class Parameters(_Shapes):
    """The isolated design, without skips, at a fixed number of free parameters, S^2 + C^2 a block."""

    parameters: Count = Field(2048, description="Free parameters of each block.")
    shapes: Distinct[Shape] = Field(
        ((4, 45), (8, 45), (16, 42), (32, 32)), description="Tokens S and channels C of the mixers."
    )

    @model_validator(mode="after")
    def _no_network_dies(self) -> "Parameters":
        thin = [shape for shape in self.shapes if min(shape) < THINNEST]
        if thin:
            raise ValueError(
                f"the shape {thin[0]} has fewer than {THINNEST} tokens or channels: without skip connections "
                "some of these networks have no unit left that is above zero"
            )
        return self

    @model_validator(mode="after")
    def _parameters_agree(self) -> "Parameters":
        _refuse_spread(self.shapes, [s**2 + c**2 for s, c in self.shapes], self.parameters, "parameters")
        return self


class Width(Section):
    """Accuracy over the effective width m, by what is held fixed and by what stem and head may learn."""

    dataset: Literal["digits", "cifar10"] = Field("digits", description="Images: 8 by 8 digits, or CIFAR-10.")
    train: Images = Field(500, description="Images that a network is trained on.")
    test: Images = Field(1000, description="Images that it is tested on.")
    batch: Count = Field(100, description="Images in a minibatch.")
    rate: Rate = Field(3e-3, description="Learning rate of Adam, at its peak between warm-up and cosine.")
    blocks: Blocks = Field(2, description="Blocks L of two mixing layers.")
    end_width: Units = Field(
        16,
        description="Where stem and head are sparse too, they have as many weights at every width as dense "
        "ones of this width.",
    )
    sparse: Sparse = Sparse()
    standard: Standard = Standard()
    isolated: Isolated = Isolated()
    parameters: Parameters = Parameters()

    @model_validator(mode="after")
    def _images_suffice(self) -> "Width":
        check_batch(self.batch, self.train)
        check_parts(self.dataset, self.train, self.test)
        return self

    @model_validator(mode="after")
    def _sparse_ends_fit(self) -> "Width":
        shapes = (*self.standard.shapes, *self.isolated.shapes)
        narrowest = min(self.sparse.widths[0], *(s * c for s, c in shapes))
        if self.end_width > narrowest:
            raise ValueError(
                f"end_width {self.end_width} must be at most the narrowest width, {narrowest}: no sparse "
                "stem has more weights than a dense one"
            )
        return self
