"""The study's networks: mixers, random-permuted mixers and static sparse networks, between a stem and a head.

    h_0 = stem(x),   h_l = phi(A_l h_{l-1})  or  h_{l-1} + phi(A_l h_{l-1}) with skips,   logits = head(h_2L)

Each of the L blocks has two mixing layers A_l, without biases and with phi = ReLU: of a mixer these are
I_C kron W and V^T kron I_S, of a random-permuted mixer J_2 (I kron W) J_1 with permutations drawn once, of a
sparse network a matrix with a static mask (theory notes 2, docs/theory/pk_mixer.md).

What the stem and the head may learn decides what an effect of the width can mean (theory notes 3.7):

- ``standard``: both are dense and trained, phi follows the stem; they grow with the width m = S C;
- ``isolated``: a frozen linear stem, a frozen projection of m units on a fixed number, and a trained readout
  of these: all that is trained outside the mixing layers has the same size at every width;
- ``sparse-ends``: as standard, but stem and head have static masks, with as many ones at every width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from widthscope.ensembles.parameters import Parameters
from widthscope.mixers import mixing, permuted_kronecker, sparse

Kind = Literal["mixer", "random-permuted", "sparse"]
Design = Literal["standard", "isolated", "sparse-ends"]

PROJECTED = 64
"""Units that the isolated design's readout sees, at every width."""

RELU_GAIN = 2.0
Generators = Callable[[str], torch.Generator]
"""A member's random stream for each thing that is drawn."""


@dataclass(frozen=True)
class Network:
    """Shape of a network, and what of it is trained.

    Attributes:
        kind: of the mixing layers.
        design: of the stem and the head.
        tokens: S; a sparse network has only the product S C.
        channels: C.
        connections: ones of each mask of a sparse network.
        blocks: L, two mixing layers each; 0 for none.
        skip: whether each mixing layer has a skip connection.
        frozen: whether mixing layers stay as they were drawn.
        fan_in: `connected` draws mixing weights at variance 2 / (inputs really connected); `width` at 2 / m,
            which lets the signal of a sparse network die.
        end_width: of the sparse-ends design: stem and head have as many ones as dense ones of this width.
        inputs: pixels d.
        classes: outputs.
    """

    kind: Kind
    design: Design
    tokens: int
    channels: int
    connections: int = 0
    blocks: int = 2
    skip: bool = True
    frozen: bool = False
    fan_in: Literal["connected", "width"] = "connected"
    end_width: int = 0
    inputs: int = 64
    classes: int = 10

    @property
    def width(self) -> int:
        """Effective width m = S C."""
        return self.tokens * self.channels

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the mixing layers' weights, in order: tokens and channels by turns."""
        return tuple(f"mixing{place}" for place in range(1, 2 * self.blocks + 1))

    @property
    def learns_readout_alone(self) -> bool:
        """Whether all that is before the readout stays as it was drawn."""
        return self.design == "isolated" and (self.frozen or self.blocks == 0)

    def side(self, layer: str) -> int:
        """Rows of a layer's weight matrix, which is square: S, C by turns, or m."""
        if self.kind == "sparse":
            return self.width
        return self.tokens if _is_of_tokens(layer) else self.channels


@dataclass(frozen=True)
class Values:
    """All numbers of networks.

    Attributes:
        trained: what is learned, (member, ...) by name.
        constant: what is not: frozen weights, masks as 0/1 numbers, permutations as index lists.
    """

    trained: Parameters
    constant: Parameters

    def all(self) -> Parameters:
        """Both together."""
        return {**self.constant, **self.trained}


@dataclass(frozen=True)
class Forward:
    """What a forward pass leaves.

    Attributes:
        features: after each mixing layer, its skip included, (member, example, m); a mixer's unit s C + c is
            channel c of token s.
        logits: (member, example, class).
    """

    features: tuple[Tensor, ...]
    logits: Tensor


def initial(network: Network, streams: Generators) -> Values:
    """One member's numbers, without a member dimension, in float64.

    Streams are asked for by name, so that a mixer and its random-permuted form start from the same weights,
    and the same networks with other things frozen too.

    Args:
        network: which.
        streams: name of what is drawn -> generator, a fresh one at every call.
    """
    trained: Parameters = {}
    constant: Parameters = {}
    _draw_ends(network, streams, trained, constant)
    for name in network.layers:
        side = network.side(name)
        if network.kind == "sparse":
            mask = sparse.random_mask(side, side, network.connections, streams(f"{name} mask"))
            drawn = sparse.initial_sparse_weights(mask, RELU_GAIN, streams(name))
            fan_in = network.connections / side
            constant[f"{name}_mask"] = mask.double()
        else:
            drawn = mixing.initial_weights(1, side, side, side, RELU_GAIN, streams(name))[0]
            fan_in = float(side)
        if network.kind == "random-permuted":
            _draw_permutations(network.width, name, streams, constant)
        if network.fan_in == "width":
            drawn = drawn * (fan_in / network.width) ** 0.5
        (constant if network.frozen else trained)[name] = drawn
    return Values(trained, constant)


def forward(network: Network, values: Parameters, x: Tensor, keep: bool = False) -> Forward:
    """Logits and, if they are to be kept, features.

    Args:
        network: which.
        values: `Values.all`, (member, ...) by name.
        x: pixels (member, example, d).
        keep: whether to return the features; else there are none.
    """
    logits, features = _to_head(network, values, x, keep)
    if network.design == "isolated":
        logits = logits @ values["readout"]
    return Forward(features, logits)


def projected(network: Network, values: Parameters, x: Tensor) -> Tensor:
    """What the readout of the isolated design sees, (member, example, `PROJECTED`).

    Arguments are those of `forward`.
    """
    return _to_head(network, values, x, keep=False)[0]


def _to_head(
    network: Network, values: Parameters, x: Tensor, keep: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """What leaves the head, or the frozen projection in its place, and the features if they are kept."""
    begin, mix, table = _LAYOUTS[network.kind]
    hidden = x @ _masked(values, "stem")
    if network.design != "isolated":
        hidden = hidden.relu()
    hidden = begin(network, hidden)
    features = []
    for name in network.layers:
        mixed = mix(values, name, hidden).relu()
        hidden = hidden + mixed if network.skip else mixed
        if keep:
            features.append(table(hidden))
    return table(hidden) @ _masked(values, "head"), tuple(features)


def _masked(values: Parameters, name: str) -> Tensor:
    """A stem or head, its mask inside the forward pass where it has one."""
    mask = values.get(f"{name}_mask")
    return values[name] if mask is None else values[name] * mask


def _draw_ends(network: Network, streams: Generators, trained: Parameters, constant: Parameters) -> None:
    """Stem (d, m) and head (m, classes), or the isolated design's projection (m, P) and readout."""
    if network.design == "isolated":
        constant["stem"] = _dense(network.inputs, network.width, 1.0, streams("stem"))
        constant["head"] = _dense(network.width, PROJECTED, 1.0, streams("projection"))
        trained["readout"] = _dense(PROJECTED, network.classes, 1.0, streams("readout"))
        return
    trained["stem"] = _dense(network.inputs, network.width, RELU_GAIN, streams("stem"))
    trained["head"] = _dense(network.width, network.classes, 1.0, streams("head"))
    if network.design == "sparse-ends":
        for name, gain in (("stem", RELU_GAIN), ("head", 1.0)):
            rows, columns = trained[name].shape
            ones = network.end_width * (rows if name == "stem" else columns)
            mask = sparse.random_mask(columns, rows, ones, streams(f"{name} mask"))
            trained[name] = sparse.initial_sparse_weights(mask, gain, streams(name)).T.contiguous()
            constant[f"{name}_mask"] = mask.T.double().contiguous()


def _dense(rows: int, columns: int, gain: float, generator: torch.Generator) -> Tensor:
    """Weights from `rows` inputs to `columns` outputs, to be multiplied from the right."""
    return mixing.initial_weights(1, rows, columns, rows, gain, generator)[0]


def _draw_permutations(width: int, name: str, streams: Generators, constant: Parameters) -> None:
    """J_1 before a layer and J_2 after it, with their inverses, which gradients need."""
    for which in ("first", "second"):
        drawn = permuted_kronecker.random_permutations(1, width, streams(f"{name} {which}"))[0]
        constant[f"{name}_{which}"] = drawn
        constant[f"{name}_{which}_back"] = permuted_kronecker.inverse(drawn)


def _is_of_tokens(layer: str) -> bool:
    """Whether a mixing layer mixes tokens: the odd ones do."""
    return int(layer.removeprefix("mixing")) % 2 == 1


def _mix_table(values: Parameters, name: str, hidden: Tensor) -> Tensor:
    """A mixer's layer on (member, token, example, channel)."""
    if _is_of_tokens(name):
        return mixing.mix_tokens(values[name], hidden)
    return mixing.mix_channels(hidden, values[name])


def _mix_permuted(values: Parameters, name: str, hidden: Tensor) -> Tensor:
    """A random-permuted layer on (member, unit, example)."""
    moved = permuted_kronecker.permute(hidden, values[f"{name}_first"], values[f"{name}_first_back"])
    mixed = permuted_kronecker.repeated_product(values[name], moved)
    return permuted_kronecker.permute(mixed, values[f"{name}_second"], values[f"{name}_second_back"])


def _mix_sparse(values: Parameters, name: str, hidden: Tensor) -> Tensor:
    """A sparse layer on (member, unit, example)."""
    return sparse.masked_product(values[name], values[f"{name}_mask"], hidden)


def _to_tables(network: Network, hidden: Tensor) -> Tensor:
    return mixing.tokens_first(hidden.reshape(*hidden.shape[:-1], network.tokens, network.channels))


def _from_tables(hidden: Tensor) -> Tensor:
    return mixing.examples_first(hidden).flatten(-2)


def _to_columns(network: Network, hidden: Tensor) -> Tensor:
    return hidden.mT.contiguous()


def _from_columns(hidden: Tensor) -> Tensor:
    return hidden.mT


Layout = tuple[
    Callable[[Network, Tensor], Tensor],
    Callable[[Parameters, str, Tensor], Tensor],
    Callable[[Tensor], Tensor],
]
"""From (member, example, m) to the layout in which a layer is fast, the layer in it, and back."""

_LAYOUTS: dict[str, Layout] = {
    "mixer": (_to_tables, _mix_table, _from_tables),
    "random-permuted": (_to_columns, _mix_permuted, _from_columns),
    "sparse": (_to_columns, _mix_sparse, _from_columns),
}
