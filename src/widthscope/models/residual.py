"""Residual networks for small images, of many members at once, with a hook between their stages.

`ResNet` is that of He et al., arXiv:1512.03385, with basic blocks and a 3 x 3 stem, as is usual for images of
32 pixels; `WideResNet` that of Zagoruyko and Komodakis, arXiv:1605.07146, whose blocks normalise first.
Positions at which `between` is asked are the input, the input of every stage, the last stage's output and,
in a wide network, what its last normalisation and ReLU make of it.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.errors import WidthscopeError
from widthscope.models import convolution
from widthscope.models.normalisation import Normalise, of_batch

Between = Callable[[int, Tensor], Tensor]


class ResidualError(WidthscopeError):
    """A residual network has a depth that its blocks do not add up to."""


def unchanged(position: int, activation: Tensor) -> Tensor:
    """Leaves every position's activation as it is."""
    return activation


@dataclass(frozen=True)
class _Block:
    """A block of two 3 x 3 convolutions: its name, channels in and out, and the first one's stride."""

    name: str
    inputs: int
    outputs: int
    stride: int

    @property
    def projects(self) -> bool:
        """Whether the shortcut is a 1 x 1 convolution."""
        return self.inputs != self.outputs or self.stride != 1


@dataclass(frozen=True)
class Residual(ABC):
    """What both kinds of network share.

    Attributes:
        channels: of the images.
        classes: outputs.
    """

    channels: int = 3
    classes: int = 10

    @property
    @abstractmethod
    def stages(self) -> tuple[tuple[_Block, ...], ...]:
        """Blocks of every stage."""

    @property
    @abstractmethod
    def positions(self) -> int:
        """K, the number of positions."""

    @property
    def stem(self) -> int:
        """Channels that enter the first stage."""
        return self.stages[0][0].inputs

    def initial(self, generator: torch.Generator) -> Parameters:
        """One member's parameters, float64, without a member dimension: He's weights, scales 1, shifts 0."""
        drawn: Parameters = {}

        def convolve(name: str, outputs: int, inputs: int, kernel: int) -> None:
            drawn[name] = convolution.initial(generator, outputs, inputs, kernel)

        convolve("stem", self.stem, self.channels, 3)
        for block in (block for stage in self.stages for block in stage):
            convolve(f"{block.name}.first", block.outputs, block.inputs, 3)
            convolve(f"{block.name}.second", block.outputs, block.outputs, 3)
            if block.projects:
                convolve(f"{block.name}.shortcut", block.outputs, block.inputs, 1)
        for name, channels in self.normalised().items():
            drawn[f"{name}.scale"] = torch.ones(channels, dtype=torch.float64)
            drawn[f"{name}.shift"] = torch.zeros(channels, dtype=torch.float64)
        features = self.stages[-1][-1].outputs
        normal = torch.randn(self.classes, features, generator=generator, dtype=torch.float64)
        drawn["readout"] = normal / math.sqrt(features)
        drawn["bias"] = torch.zeros(self.classes, dtype=torch.float64)
        return drawn

    @abstractmethod
    def normalised(self) -> dict[str, int]:
        """Channels of every batch normalisation by its name."""

    @abstractmethod
    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """Logits (member, N, classes) of images x (member, N, channels, H, W)."""


@dataclass(frozen=True)
class ResNet(Residual):
    """Stages of 64, 128, 256, 512 channels, each of which but the first halves the sides; K = 6.

    Attributes:
        blocks: basic blocks of each stage; 2 each make ResNet-18, (3, 4, 6, 3) ResNet-34.
        width: channels of the first stage.
    """

    blocks: tuple[int, ...] = (2, 2, 2, 2)
    width: int = 64

    @property
    def stages(self) -> tuple[tuple[_Block, ...], ...]:
        """See `Residual.stages`."""
        return _stages(self.blocks, [self.width * 2**stage for stage in range(len(self.blocks))], self.width)

    @property
    def positions(self) -> int:
        """K = stages + 2."""
        return len(self.blocks) + 2

    def normalised(self) -> dict[str, int]:
        """See `Residual.normalised`."""
        found = {"stem-norm": self.stem}
        for block in (block for stage in self.stages for block in stage):
            found |= {f"{block.name}.first-norm": block.outputs, f"{block.name}.second-norm": block.outputs}
            found |= {f"{block.name}.shortcut-norm": block.outputs} if block.projects else {}
        return found

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """See `Residual.forward`."""

        def layer(name: str, values: Tensor, stride: int = 1) -> Tensor:
            return _norm(
                parameters, f"{name}-norm", convolution.convolve(values, parameters[name], stride), normalise
            )

        hidden = torch.relu(layer("stem", between(0, x)))
        for number, stage in enumerate(self.stages, 1):
            hidden = between(number, hidden)
            for block in stage:
                inner = torch.relu(layer(f"{block.name}.first", hidden, block.stride))
                inner = layer(f"{block.name}.second", inner)
                kept = layer(f"{block.name}.shortcut", hidden, block.stride) if block.projects else hidden
                hidden = torch.relu(inner + kept)
        return _readout(parameters, between(self.positions - 1, hidden))


@dataclass(frozen=True)
class WideResNet(Residual):
    """Three stages of 16 k, 32 k, 64 k channels, of (depth - 4) / 6 blocks each; K = 6.

    Attributes:
        depth: 28 in WRN-28-10.
        widening: k, 10 in WRN-28-10.

    Raises:
        ResidualError: unless depth is 6 n + 4 with n >= 1.
    """

    depth: int = 28
    widening: int = 10

    def __post_init__(self) -> None:
        if self.depth < 10 or (self.depth - 4) % 6:
            raise ResidualError(
                f"a wide residual network has depth {self.depth}; it must be 10, 16, 22, 28, ..."
            )

    @property
    def stages(self) -> tuple[tuple[_Block, ...], ...]:
        """See `Residual.stages`."""
        return _stages([(self.depth - 4) // 6] * 3, [2**stage * 16 * self.widening for stage in range(3)], 16)

    @property
    def positions(self) -> int:
        """K = 6."""
        return 6

    def normalised(self) -> dict[str, int]:
        """See `Residual.normalised`."""
        found: dict[str, int] = {}
        for block in (block for stage in self.stages for block in stage):
            found |= {f"{block.name}.first-norm": block.inputs, f"{block.name}.second-norm": block.outputs}
        return found | {"last-norm": self.stages[-1][-1].outputs}

    def forward(
        self,
        parameters: Parameters,
        x: Tensor,
        between: Between = unchanged,
        normalise: Normalise = of_batch,
    ) -> Tensor:
        """See `Residual.forward`."""
        hidden = convolution.convolve(between(0, x), parameters["stem"])
        for number, stage in enumerate(self.stages, 1):
            hidden = between(number, hidden)
            for block in stage:
                name = block.name
                inner = torch.relu(_norm(parameters, f"{name}.first-norm", hidden, normalise))
                kept = hidden
                if (
                    block.projects
                ):  # the shortcut then starts after normalisation, as in the authors' networks
                    kept = convolution.convolve(inner, parameters[f"{name}.shortcut"], block.stride)
                inner = convolution.convolve(inner, parameters[f"{name}.first"], block.stride)
                inner = torch.relu(_norm(parameters, f"{name}.second-norm", inner, normalise))
                hidden = kept + convolution.convolve(inner, parameters[f"{name}.second"])
        hidden = torch.relu(_norm(parameters, "last-norm", between(4, hidden), normalise))
        return _readout(parameters, between(5, hidden))


def _stages(
    blocks: tuple[int, ...] | list[int], widths: list[int], stem: int
) -> tuple[tuple[_Block, ...], ...]:
    """Blocks of every stage; the first of each but the first stage has stride 2."""
    found, inputs = [], stem
    for stage, (count, outputs) in enumerate(zip(blocks, widths, strict=True), 1):
        names = [f"stage{stage}.block{number}" for number in range(1, count + 1)]
        strides = [1 if stage == 1 else 2, *[1] * (count - 1)]
        fed = [inputs, *[outputs] * (count - 1)]
        found.append(
            tuple(_Block(*block) for block in zip(names, fed, [outputs] * count, strides, strict=True))
        )
        inputs = outputs
    return tuple(found)


def _norm(parameters: Parameters, name: str, x: Tensor, normalise: Normalise) -> Tensor:
    return convolution.batch_norm(
        x, parameters[f"{name}.scale"], parameters[f"{name}.shift"], normalise(name, x)
    )


def _readout(parameters: Parameters, hidden: Tensor) -> Tensor:
    features = convolution.global_average(hidden)
    return torch.baddbmm(parameters["bias"].unsqueeze(1), features, parameters["readout"].mT)
