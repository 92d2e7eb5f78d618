"""What a mixer that classifies images is made of, without a number in it: no Torch here, so that plans can
count its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from widthscope.errors import WidthscopeError


class MixerError(WidthscopeError):
    """Sizes of a mixer that do not fit each other, or its images."""


@dataclass(frozen=True)
class Arm:
    """How a block's branches are arranged, and where their backward matrices come from.

    Attributes:
        order: token branch, then channel branch on its result; or both on the same features.
        backward: of their own; the forward ones' transposes; or these with a matrix added.
        sign: what a tied transpose is multiplied by, at the start and, where it stays tied, always.
        start: backward matrices of their own start independent of the forward ones, or at their transposes.
        widening: hidden units in multiples of the shape's.

    Source: theory notes, section 2.
    """

    order: Literal["serial", "parallel"] = "parallel"
    backward: Literal["free", "tied", "added"] = "free"
    sign: Literal[1, -1] = 1
    start: Literal["independent", "tied"] = "independent"
    widening: int = 1


ARMS: Mapping[str, Arm] = MappingProxyType(
    {
        "vanilla": Arm(order="serial"),
        "para": Arm(),
        "sym": Arm(backward="tied"),
        "asym": Arm(backward="added"),
        "parasym": Arm(start="tied"),
        "neg": Arm(backward="tied", sign=-1),
        "sym2": Arm(backward="tied", widening=2),
    }
)
"""Arms of arXiv:2406.12220 (vanilla, para, sym, asym), and controls that it does not have."""


@dataclass(frozen=True)
class Shape:
    """Sizes of a mixer for images.

    Attributes:
        side: rows, and columns, of the image that is cut into patches.
        colours: of a pixel.
        patch: rows, and columns, of a patch.
        channels: C of a token.
        token_hidden, channel_hidden: hidden units Hs and Hc of the two branches, before an arm's widening.
        blocks: L.
        activation: of both branches' hidden units.
        classes: of the readout.
        upscale: whether images of another side are brought to `side` by bilinear interpolation; else they
            are refused.

    Raises:
        MixerError: if the patches do not tile the image.
    """

    side: int = 8
    colours: int = 1
    patch: int = 2
    channels: int = 32
    token_hidden: int = 32
    channel_hidden: int = 64
    blocks: int = 4
    activation: Literal["gelu", "relu"] = "gelu"
    classes: int = 10
    upscale: bool = False

    def __post_init__(self) -> None:
        if self.side % self.patch:
            raise MixerError(
                f"patches of side {self.patch} do not tile an image of side {self.side}: a divisor is needed"
            )

    @property
    def tokens(self) -> int:
        """S, patches of an image."""
        return (self.side // self.patch) ** 2

    @property
    def patch_size(self) -> int:
        """Numbers in a patch."""
        return self.colours * self.patch**2

    def mixing_weights(self, arm: Arm) -> int:
        """Trained entries of all blocks' mixing matrices."""
        forward = self.tokens * self.token_hidden + self.channels * self.channel_hidden
        return self.blocks * arm.widening * forward * (1 if arm.backward == "tied" else 2)

    def weights(self, arm: Arm) -> int:
        """All trained numbers: embedding, blocks, gain and shift of the last normalisation, readout."""
        embedding = self.channels * (self.patch_size + 1)
        readout = self.classes * (self.channels + 1)
        return embedding + self.mixing_weights(arm) + 2 * self.channels + readout

    def products(self, arm: Arm) -> int:
        """Multiply-adds of one image forward, those of the mixing matrices alone: 2 S C (Hs + Hc) a block."""
        hidden = arm.widening * (self.token_hidden + self.channel_hidden)
        return 2 * self.blocks * self.tokens * self.channels * hidden
