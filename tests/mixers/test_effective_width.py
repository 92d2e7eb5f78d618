"""Effective width: counts on real layers, closed forms against search, both budgets."""

import math

import pytest
import torch

from widthscope.mixers.effective_width import (
    Shape,
    best_tokens_at_connections,
    channels_at_connections,
    channels_at_parameters,
    largest_width_at_connections,
    largest_width_at_parameters,
    shapes_at_connections,
)


def test_counts_are_those_of_the_dense_matrices() -> None:
    tokens, channels, expansion = 3, 4, 2
    shape = Shape(tokens, channels, expansion)
    W, V = torch.ones(expansion * tokens, tokens), torch.ones(expansion * channels, channels)
    of_tokens, of_channels = torch.kron(torch.eye(channels), W), torch.kron(V, torch.eye(tokens))
    connected = [int(torch.count_nonzero(matrix)) for matrix in (of_tokens, of_channels)]
    assert shape.connections == sum(connected) / 2
    assert shape.parameters == W.numel() + V.numel()
    assert shape.densities == (connected[0] / of_tokens.numel(), connected[1] / of_channels.numel())


@pytest.mark.parametrize("expansion", [1.0, 2.0, 4.0])
def test_channels_spend_the_whole_budget(expansion: float) -> None:
    for tokens in (1, 3, 16, 50):
        channels = channels_at_connections(tokens, 4096, expansion)
        assert math.isclose(expansion * tokens * channels * (tokens + channels) / 2, 4096, rel_tol=1e-12)
        if tokens < 16:
            free = channels_at_parameters(tokens, 2048, expansion)
            assert math.isclose(expansion * (tokens**2 + free**2), 2048, rel_tol=1e-12)


@pytest.mark.parametrize("side", [4, 9, 16, 25])
def test_square_tables_are_widest_of_all_whole_shapes(side: int) -> None:
    """Brute force over every shape within the budget."""
    connections = side**3
    every = [
        Shape(tokens, channels)
        for tokens in range(1, 2 * connections)
        for channels in range(1, 2 * connections // tokens + 1)
        if Shape(tokens, channels).connections <= connections
    ]
    widest = max(every, key=lambda shape: shape.width)
    assert (widest.tokens, widest.channels) == (side, side)
    assert math.isclose(best_tokens_at_connections(connections), side)
    assert math.isclose(largest_width_at_connections(connections), widest.width)
    assert max(shapes_at_connections(connections), key=lambda shape: shape.width) == widest


def test_the_two_budgets_pull_apart() -> None:
    """The numbers of theory notes 3.1: at Omega = 4096 the square table has the fewest free parameters."""
    by_tokens = {shape.tokens: shape for shape in shapes_at_connections(4096)}
    assert {tokens: by_tokens[tokens].parameters for tokens in (1, 4, 16)} == {1: 8101, 4: 1865, 16: 512}
    assert min(by_tokens.values(), key=lambda shape: shape.parameters).tokens == 16
    assert largest_width_at_parameters(2048) == 1024 == Shape(32, 32).width
    assert Shape(32, 32).parameters == 2048


def test_impossible_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        Shape(0, 3)
    with pytest.raises(ValueError, match="leave no channel"):
        channels_at_parameters(50, 2048)
    with pytest.raises(ValueError, match="above zero"):
        best_tokens_at_connections(0)
