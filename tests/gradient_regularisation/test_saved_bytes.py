"""Bytes that autograd keeps: by hand, storages once, freed graphs, graphs of graphs, same gradients."""

import torch

from widthscope.gradient_regularisation.memory import SavedBytes


def test_an_activation_keeps_its_value_until_the_way_back() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    with SavedBytes() as kept:
        y = torch.tanh(x)
        assert (kept.now, kept.most) == (96, 96)
        y.sum().backward()
        assert (kept.now, kept.most) == (0, 96)


def test_a_graph_that_is_dropped_lets_go() -> None:
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    with SavedBytes() as kept:
        y = torch.tanh(x)
        del y
        assert kept.now == 0


def test_a_storage_counts_once_however_many_tensors_share_it() -> None:
    x = torch.randn(4, 4, dtype=torch.float64, requires_grad=True)
    with SavedBytes() as kept:
        y = x * x.T + x.square() + x[:2].square().sum()
        assert kept.now == x.numel() * 8
        del y
        assert kept.now == 0


def test_of_a_view_the_whole_storage_stays() -> None:
    x = torch.randn(10, 4, dtype=torch.float64, requires_grad=True)
    with SavedBytes() as kept:
        x[:1].square().sum()
        assert kept.most == 320


def test_graphs_after_each_other_take_the_larger_and_together_the_sum() -> None:
    small, large = (torch.randn(n, dtype=torch.float64, requires_grad=True) for n in (5, 50))
    with SavedBytes() as after:
        for x in (small, large, small):
            x.square().sum().backward()
    assert after.most == 400
    with SavedBytes() as together:
        (small.square().sum() + large.square().sum()).backward()
    assert together.most == 440


def test_a_linear_layer_keeps_input_and_weight_as_the_gradients_need_them() -> None:
    x, first, second = torch.randn(8, 3), torch.randn(3, 5), torch.randn(5, 2)
    first.requires_grad_(), second.requires_grad_()
    with SavedBytes() as kept:
        out = (x @ first) @ second
        # x for the first weight's gradient; the hidden layer and the second weight for what is before them.
        assert kept.most == 4 * (8 * 3 + 8 * 5 + 5 * 2)
        del out


def test_gradients_and_their_gradients_are_the_same_within() -> None:
    torch.manual_seed(0)
    x, weight = torch.randn(6, 3), torch.randn(3, 3, requires_grad=True)

    def second() -> torch.Tensor:
        loss = torch.tanh(x @ weight).pow(2).sum()
        (g,) = torch.autograd.grad(loss, weight, create_graph=True)
        (h,) = torch.autograd.grad(g.square().sum(), weight)
        return h

    wanted = second()
    with SavedBytes() as kept:
        found = second()
        assert kept.now == 0
    assert torch.equal(found, wanted)
    assert kept.most > 0
