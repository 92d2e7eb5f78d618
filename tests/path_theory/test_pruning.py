"""Pruned outputs from path contributions, against networks that are run token by token."""

from math import prod, sqrt

import numpy as np
import pytest
import torch
from torch import Tensor

from widthscope.errors import PosteriorError
from widthscope.path_theory import pruning
from widthscope.path_theory import pruning_orders as orders
from widthscope.path_theory.attention import attention_matrices, bilinear_form
from widthscope.path_theory.inputs import path_inputs
from widthscope.streams import torch_generator
from widthscope.studies.attention_paths.one_shot import rival_scores

LAYERS, HEADS, WIDTH, FEATURES, TOKENS, EXAMPLES = 2, 3, 5, 4, 6, 7
SIZES = (HEADS,) * LAYERS


class Net:
    """A random network in the layout that is stored, with examples."""

    def __init__(self) -> None:
        generator = torch_generator("test", "one-shot pruning")

        def normal(*shape: int) -> Tensor:
            return torch.randn(shape, generator=generator, dtype=torch.float64)

        self.bilinear = bilinear_form(normal(LAYERS, HEADS, 2, FEATURES), normal(LAYERS, HEADS, 2, FEATURES))
        self.value_0 = normal(WIDTH, FEATURES)
        self.values = normal(LAYERS, HEADS, WIDTH, WIDTH)
        self.readout = normal(WIDTH)
        self.tokens = normal(EXAMPLES, TOKENS, FEATURES)
        self.labels = torch.sign(normal(EXAMPLES))
        self.attentions = [attention_matrices(self.tokens, layer) for layer in self.bilinear]
        self.inputs = path_inputs(self.tokens, self.attentions, "mean")

    def forward(self, kept: list[list[int]], gates: Tensor | None = None) -> Tensor:
        """Token by token, with the kept heads of each layer; gates (L, H) multiply what passes a head."""
        states = self.tokens @ self.value_0.T / sqrt(FEATURES)
        for layer, heads in enumerate(kept):
            passed = []
            for head in heads:
                one = self.attentions[layer][:, head].mT @ states @ self.values[layer, head].T
                passed.append(one if gates is None else one * gates[layer, head])
            states = torch.stack(passed).sum(dim=0) / sqrt(len(heads) * WIDTH)
        return states.mean(dim=1) @ self.readout / sqrt(WIDTH)

    @property
    def contributions(self) -> Tensor:
        return pruning.contributions(self.values, self.readout, self.value_0, self.inputs)


@pytest.fixture(scope="module")
def net() -> Net:
    return Net()


def test_contributions_add_up_to_the_output(net: Net) -> None:
    whole = net.forward([[0, 1, 2], [0, 1, 2]])
    torch.testing.assert_close(net.contributions.sum(dim=1), whole)


@pytest.mark.parametrize("kept", [[[0, 2], [0, 1, 2]], [[1], [0, 2]], [[2], [1]]])
def test_pruned_outputs_are_those_of_a_network_without_the_heads(net: Net, kept: list[list[int]]) -> None:
    mask = torch.zeros(LAYERS * HEADS, dtype=torch.bool)
    for layer, heads in enumerate(kept):
        mask[[layer * HEADS + head for head in heads]] = True
    torch.testing.assert_close(pruning.pruned_outputs(net.contributions, mask, SIZES), net.forward(kept))


def test_layers_of_different_sizes_keep_their_heads_apart() -> None:
    heads = (2, 3)
    parts = torch.arange(6.0, dtype=torch.float64)[None]
    kept = torch.tensor([[True, False, True, True, False]])
    found = pruning.pruned_outputs(parts, kept, heads)
    assert found.item() == pytest.approx((0 + 1) * sqrt(prod(heads) / 2))


def test_a_layer_without_heads_is_refused(net: Net) -> None:
    kept = torch.tensor([False, False, False, True, True, True])
    with pytest.raises(PosteriorError, match="at least 1 must stay"):
        pruning.pruned_outputs(net.contributions, kept, SIZES)


def test_single_drops_are_accuracies_lost_to_a_network_without_the_head(net: Net) -> None:
    def right(outputs: Tensor) -> float:
        return float((outputs * net.labels > 0).double().mean())

    full = [0, 1, 2]
    whole = right(net.forward([full, full]))
    expected = [
        whole - right(net.forward([[h for h in full if (layer, h) != (k, lost)] for layer in range(LAYERS)]))
        for k in range(LAYERS)
        for lost in full
    ]
    found = pruning.single_head_drops(net.contributions, net.labels, SIZES)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-15)


def test_saliencies_are_gradients_of_gates(net: Net) -> None:
    gates = torch.ones((LAYERS, HEADS), dtype=torch.float64, requires_grad=True)
    outputs = net.forward([[0, 1, 2], [0, 1, 2]], gates)
    expected = torch.zeros(LAYERS * HEADS, dtype=torch.float64)
    for output, label in zip(outputs, net.labels, strict=True):
        (gradient,) = torch.autograd.grad((output - label) ** 2, gates, retain_graph=True)
        expected += gradient.abs().flatten() / EXAMPLES
    found = rival_scores.saliencies(net.contributions, net.labels, SIZES)
    np.testing.assert_allclose(found, expected.numpy())


def test_the_trained_order_parameter_holds_overlaps_of_effective_weights(net: Net) -> None:
    def weights(first: int, last: int) -> Tensor:
        return net.readout @ net.values[1, last] @ net.values[0, first] / WIDTH

    found = pruning.trained_order_parameter(net.values, net.readout)
    for pi in range(HEADS**2):
        for other in range(HEADS**2):
            overlap = weights(pi // HEADS, pi % HEADS) @ weights(other // HEADS, other % HEADS) / WIDTH
            assert found[pi, other].item() == pytest.approx(overlap.item())


def test_an_order_leaves_the_best_head_of_every_layer() -> None:
    scores = np.array([0.1, 0.2, 0.3, 0.9, 0.8, 0.25])
    assert orders.rising(scores, (3, 3)) == (0, 1, 5, 4)


def test_orders_drawn_at_random_differ_and_leave_a_head_in_each_layer() -> None:
    drawn = orders.random_orders((4, 2), 50, np.random.default_rng(1))
    assert len(set(drawn)) > 20
    for order in drawn:
        kept = orders.kept_along(order, (4, 2))
        assert kept[0].all()
        assert kept[-1, :4].sum() == 1
        assert kept[-1, 4:].sum() == 1
        np.testing.assert_array_equal(kept.sum(axis=1), np.arange(6, 1, -1))


def test_widths_may_differ_by_layer_and_arrays_are_taken() -> None:
    generator = torch_generator("test", "pruning of unequal widths")

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    value_0, values, readout, inputs = (
        normal(3, 4),
        [normal(2, 5, 3), normal(3, 6, 5)],
        normal(6),
        normal(7, 6, 4),
    )
    found = pruning.contributions(values, readout, value_0, inputs)
    assert found.shape == (7, 6)
    for path, (first, last) in enumerate((h, k) for h in range(2) for k in range(3)):
        along = readout @ values[1][last] @ values[0][first] @ value_0 / sqrt(6 * 5)
        torch.testing.assert_close(found[:, path], inputs[:, path] @ along / sqrt(6 * 3 * 4))
    arrays = [each.numpy() for each in values]
    again = pruning.contributions(arrays, readout.tolist(), value_0.numpy(), inputs.numpy())
    torch.testing.assert_close(again, found)


def test_weights_that_do_not_fit_are_named(net: Net) -> None:
    with pytest.raises(PosteriorError, match=r"values of layer 3 have shape \(H, 5, in\), not \(5, 5\)"):
        pruning.effective_weights(net.values[0], net.readout)
    with pytest.raises(PosteriorError, match=r"values of layer 1 have shape \(H, 5, in\), not \(3, 4, 5\)"):
        pruning.effective_weights([net.values[0, :, :4], net.values[1]], net.readout)
    with pytest.raises(PosteriorError, match=r"value_0 has shape \(5, N_0\), not \(4, 4\)"):
        pruning.contributions(net.values, net.readout, net.value_0[:4], net.inputs)
    with pytest.raises(PosteriorError, match=r"path inputs have shape \(P, 9, 4\), not \(7, 8, 4\)"):
        pruning.contributions(net.values, net.readout, net.value_0, net.inputs[:, 1:])
