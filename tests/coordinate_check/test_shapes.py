"""Kinds of parameters, from their shapes at several widths and what passes their modules."""

import torch
from tests.coordinate_check.own_models import attention, fixed_heads, perceptron, probed, tokens
from torch import nn
from transformers.pytorch_utils import Conv1D


def kinds(factory, batch=None, **asked):
    found = probed(factory, *([batch] if batch else []), **asked).architecture
    return {parameter.name: parameter.kind for parameter in found.parameters}


def images(seed: int):
    return torch.randn(2, 3, 8, 8), torch.randint(4, (2,))


def test_a_perceptron() -> None:
    assert kinds(perceptron) == {
        "0.weight": "input",
        "0.bias": "vector",
        "2.weight": "hidden",
        "2.bias": "vector",
        "4.weight": "output",
        "4.bias": "fixed",
    }


def test_layouts_of_known_layers() -> None:
    def net(width: int) -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width),
            nn.Conv2d(width, width, 3, padding=1, groups=width), nn.ConvTranspose2d(width, 2 * width, 2),
            nn.AdaptiveAvgPool2d(1), nn.Flatten(), Conv1D(width, 2 * width), Conv1D(4, width),
        )  # fmt: skip

    found = probed(net, images).architecture
    weights = {at.name: at for at in found.parameters if at.name.endswith("weight")}
    assert {name: at.kind for name, at in weights.items()} == {
        "0.weight": "input",
        "1.weight": "vector",
        "2.weight": "input",
        "3.weight": "hidden",
        "6.weight": "hidden",
        "7.weight": "output",
    }
    assert all(at.inputs[-1] in (1, 4) and at.outputs[-1] in (1, 4) for at in weights.values())


def test_sides_grow_by_their_own_factors() -> None:
    def net(width: int) -> nn.Module:
        return nn.Sequential(
            nn.Linear(6, width), nn.Linear(width, width**2 // 16), nn.Linear(width**2 // 16, 4)
        )

    middle = probed(net).architecture.parameters[2]
    assert middle.inputs == (1, 2, 4)
    assert middle.outputs == (1, 4, 16)


def test_attention_embeddings_and_tables_of_positions() -> None:
    found = kinds(fixed_heads, tokens)
    assert found["positions"] == found["embedding.weight"] == "input"
    assert found["attention.in_proj_weight"] == found["attention.out_proj.weight"] == "hidden"
    assert found["attention.in_proj_bias"] == found["norm.weight"] == "vector"
    assert found["readout.weight"] == "output"


def test_a_readout_that_shares_its_weight_is_found() -> None:
    shared = next(at for at in probed(attention, tokens).architecture.parameters if at.readout)
    assert (shared.name, shared.kind, shared.readout) == ("embedding.weight", "input", "readout")
    assert shared.outputs == (1, 2, 4)


def test_a_readout_that_comes_first_is_found_too() -> None:
    class Backwards(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.readout = nn.Linear(width, 9, bias=False)
            self.embedding = nn.Embedding(9, width)
            self.embedding.weight = self.readout.weight

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.readout(self.embedding(x))

    (shared,) = probed(Backwards, tokens).architecture.parameters
    assert (shared.kind, shared.readout, shared.outputs) == ("input", "readout", (1, 2, 4))


def test_growing_heads_are_found() -> None:
    assert probed(attention, tokens).architecture.growing_heads["attention"] == (4, 16)
    by_number = probed(lambda width: attention(width, width // 4), tokens).architecture
    assert by_number.growing_heads == {}


def test_raw_weights_of_a_readout_are_known_by_what_passes_their_module() -> None:
    class Readout(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.matrix = nn.Parameter(torch.randn(width, 4))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.matrix

    found = kinds(lambda width: nn.Sequential(nn.Linear(6, width), Readout(width)))
    assert found["1.matrix"] == "output"


def test_three_growing_dimensions_have_no_rule() -> None:
    class Cube(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.cube = nn.Parameter(torch.randn(width, width, width))
            self.last = nn.Linear(width, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.last(x @ self.cube[:6, :, 0])

    assert kinds(Cube)["cube"] == "other"


def test_layers_are_called_by_what_passes_them() -> None:
    found = probed(perceptron).architecture.layers
    assert [found[name] for name in ("0", "1", "4", "")] == ["input", "hidden", "output", "fixed"]
