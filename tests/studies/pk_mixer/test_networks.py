"""Mixers, random-permuted mixers and sparse networks, against their dense matrices and plain PyTorch."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from widthscope.mixers import permuted_kronecker
from widthscope.streams import torch_generator
from widthscope.studies.pk_mixer.networks import PROJECTED, Network, Values, forward, initial

MIXER = Network("mixer", "standard", 3, 5, inputs=7, classes=4)
PERMUTED = replace(MIXER, kind="random-permuted")
SPARSE = replace(MIXER, kind="sparse", connections=60)
EXAMPLES = torch.randn(6, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def drawn(network: Network, seed: int = 0) -> Values:
    """One member's numbers."""
    return initial(network, lambda name: torch_generator("test", name, seed))


def alone(values: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value[None] for name, value in values.items()}


def dense_layer(network: Network, values: dict[str, Tensor], name: str) -> Tensor:
    """The whole m x m matrix of a mixing layer, units s C + c."""
    weight, eye = values[name], torch.eye
    odd = name in ("mixing1", "mixing3")
    if network.kind == "sparse":
        return weight * values[f"{name}_mask"]
    if network.kind == "mixer":
        copies = eye(network.channels if odd else network.tokens, dtype=torch.float64)
        return torch.kron(weight, copies) if odd else torch.kron(copies, weight.T.contiguous())
    copies = eye(network.width // len(weight), dtype=torch.float64)
    unit = eye(network.width, dtype=torch.float64)
    first, second = unit[values[f"{name}_first"]], unit[values[f"{name}_second"]]
    return second @ torch.kron(weight, copies) @ first


def dense_forward(network: Network, values: dict[str, Tensor], x: Tensor) -> tuple[Tensor, list[Tensor]]:
    def end(name: str) -> Tensor:
        mask = values.get(f"{name}_mask")
        return values[name] if mask is None else values[name] * mask

    hidden = x @ end("stem")
    if network.design != "isolated":
        hidden = hidden.clamp(min=0)
    features = []
    for name in network.layers:
        mixed = (hidden @ dense_layer(network, values, name).T).clamp(min=0)
        hidden = hidden + mixed if network.skip else mixed
        features.append(hidden)
    logits = hidden @ end("head")
    return (logits @ values["readout"] if network.design == "isolated" else logits), features


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("design", ["standard", "isolated", "sparse-ends"])
@pytest.mark.parametrize("network", [MIXER, PERMUTED, SPARSE], ids=lambda network: network.kind)
def test_a_network_is_a_perceptron_with_the_layers_dense_matrices(network, design, skip):
    network = replace(network, design=design, skip=skip, end_width=6)
    values = drawn(network).all()
    found = forward(network, alone(values), EXAMPLES[None], keep=True)
    logits, features = dense_forward(network, values, EXAMPLES)
    assert torch.allclose(found.logits[0], logits, rtol=0, atol=1e-12 * float(logits.abs().max()))
    assert len(found.features) == 4
    for mine, theirs in zip(found.features, features, strict=True):
        assert torch.allclose(mine[0], theirs, rtol=0, atol=1e-12 * float(theirs.abs().max()))


@pytest.mark.parametrize("network", [MIXER, PERMUTED, SPARSE], ids=lambda network: network.kind)
def test_gradients_are_those_of_the_dense_network_and_members_do_not_mix(network):
    members = [drawn(network, seed) for seed in (0, 1)]
    names = list(members[0].trained)
    stacks = {name: torch.stack([member.all()[name] for member in members]) for name in members[0].all()}
    leaves = {name: stacks[name].requires_grad_() for name in names}
    batch = EXAMPLES.expand(2, -1, -1)
    forward(network, {**stacks, **leaves}, batch).logits.square().sum().backward()
    for place, member in enumerate(members):
        own = {name: member.trained[name].clone().requires_grad_() for name in names}
        dense_forward(network, {**member.constant, **own}, EXAMPLES)[0].square().sum().backward()
        for name in names:
            size = float(own[name].grad.abs().max())
            assert size > 0
            assert torch.allclose(leaves[name].grad[place], own[name].grad, rtol=0, atol=1e-11 * size)


def test_without_blocks_the_network_is_its_stem_and_head():
    network = replace(MIXER, blocks=0)
    values = drawn(network).all()
    expected = (EXAMPLES @ values["stem"]).clamp(min=0) @ values["head"]
    found = forward(network, alone(values), EXAMPLES[None]).logits[0]
    assert torch.allclose(found, expected, rtol=0, atol=1e-14)


def test_a_mixer_and_its_random_permuted_form_start_from_the_same_weights():
    mixer, permuted = drawn(MIXER), drawn(PERMUTED)
    assert mixer.trained.keys() == permuted.trained.keys()
    for name, value in mixer.trained.items():
        assert torch.equal(value, permuted.trained[name])
    first = permuted.constant["mixing1_first"]
    assert torch.equal(first.sort().values, torch.arange(MIXER.width))
    assert not torch.equal(first, permuted.constant["mixing1_second"])


def test_permutations_by_commutations_make_the_random_permuted_network_a_mixer():
    """The mixer is the member of the family whose permutations are commutations."""
    network = replace(PERMUTED, blocks=1)
    values = drawn(network).all()
    units = torch.arange(network.width)
    commutation = units.reshape(network.tokens, network.channels).T.flatten()
    values["mixing2"] = values["mixing2"].T
    for name, index in (("mixing1", units), ("mixing2", commutation)):
        back = permuted_kronecker.inverse(index)
        values |= {f"{name}_first": index, f"{name}_first_back": back}
        values |= {f"{name}_second": back, f"{name}_second_back": index}
    mixer = replace(MIXER, blocks=1)
    own = drawn(mixer).all()
    a = forward(network, alone(values), EXAMPLES[None]).logits
    b = forward(mixer, alone(own), EXAMPLES[None]).logits
    assert torch.allclose(a, b, rtol=0, atol=1e-12)


def test_what_is_trained_is_what_the_design_says():
    mixing = {f"mixing{place}" for place in (1, 2, 3, 4)}
    assert drawn(MIXER).trained.keys() == {"stem", "head"} | mixing
    assert drawn(replace(MIXER, frozen=True)).trained.keys() == {"stem", "head"}
    isolated = drawn(replace(MIXER, design="isolated"))
    assert isolated.trained.keys() == {"readout"} | mixing
    assert isolated.trained["readout"].shape == (PROJECTED, 4)
    assert drawn(replace(MIXER, design="isolated", frozen=True)).trained.keys() == {"readout"}
    frozen, free = drawn(replace(MIXER, frozen=True)).constant, drawn(MIXER).trained
    assert all(torch.equal(frozen[name], free[name]) for name in mixing)


@pytest.mark.parametrize("channels", [2, 5, 20])
def test_trained_ends_of_the_isolated_and_the_sparse_design_do_not_grow_with_the_width(channels):
    isolated = drawn(replace(MIXER, design="isolated", channels=channels)).trained
    assert isolated["readout"].numel() == PROJECTED * 4
    ends = drawn(replace(MIXER, design="sparse-ends", channels=channels, end_width=6)).constant
    assert int(ends["stem_mask"].sum()) == 6 * 7
    assert int(ends["head_mask"].sum()) == 6 * 4


def test_a_masked_entry_gets_no_gradient():
    values = drawn(SPARSE).all()
    leaf = values["mixing1"].clone().requires_grad_()
    forward(SPARSE, alone({**values, "mixing1": leaf}), EXAMPLES[None]).logits.square().sum().backward()
    masked = values["mixing1_mask"] == 0
    assert int((~masked).sum()) == SPARSE.connections
    assert (leaf.grad[masked] == 0).all()
    assert (leaf.grad[~masked] != 0).any()


def test_weights_have_the_variance_of_the_inputs_really_connected():
    wide = replace(SPARSE, tokens=32, channels=8, connections=4096)
    mixer = replace(MIXER, tokens=32, channels=32)
    for network, fan_in in ((wide, 16), (mixer, 32)):
        weight = drawn(network).trained["mixing1"]
        kept = weight[weight != 0]
        error = (2 / kept.numel()) ** 0.5
        assert float(kept.square().mean()) * fan_in / 2 == pytest.approx(1, abs=5 * error)
        other = drawn(replace(network, fan_in="width")).trained["mixing1"]
        factor = (fan_in / network.width) ** 0.5
        assert torch.allclose(other, weight * factor, rtol=1e-14)


def test_signals_die_where_the_density_is_left_out_of_the_variance():
    """The control of the theory notes: mean squares after four sparse layers of density 1/16."""
    network = Network("sparse", "standard", 1, 256, connections=4096, skip=False)
    x = torch.randn(200, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(2))

    def square(of: Network) -> float:
        return float(forward(of, alone(drawn(of).all()), x[None], keep=True).features[-1].square().mean())

    assert 0.3 < square(network) < 3
    assert square(replace(network, fan_in="width")) == pytest.approx(square(network) * 16**-4, rel=1e-9)
