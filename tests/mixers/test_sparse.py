"""Static sparse layers: exact counts, the variance of what is connected, no gradient elsewhere."""

import pytest
import torch

from widthscope.mixers.sparse import (
    compressed,
    connections_of_density,
    initial_sparse_weights,
    masked_product,
    random_mask,
    stored_numbers,
)

ROWS, COLUMNS, CONNECTIONS, EXAMPLES = 12, 20, 60, 3


def generator(seed: int = 5) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def random_masks(count: int, rows: int, columns: int, connections: int) -> torch.Tensor:
    """Independent masks (mask, rows, columns)."""
    draws = generator()
    return torch.stack([random_mask(rows, columns, connections, draws) for _ in range(count)])


def test_masks_have_exactly_their_connections_and_differ() -> None:
    masks = random_masks(4, ROWS, COLUMNS, CONNECTIONS)
    assert masks.sum(dim=(-2, -1)).tolist() == [CONNECTIONS] * 4
    assert not torch.equal(masks[0], masks[1])
    assert random_mask(ROWS, COLUMNS, ROWS * COLUMNS, generator()).all()


def test_every_place_is_as_likely() -> None:
    draws = 2000
    share = random_masks(draws, 4, 5, 5).double().mean(dim=0)
    error = (0.25 * 0.75 / draws) ** 0.5
    assert float((share - 0.25).abs().max()) < 5 * error


def test_weights_have_the_variance_of_the_connected_fan_in() -> None:
    """Ones go in: each unit's output has variance gain, where a variance of 1 / columns would give gain p."""
    masks = random_masks(4000, ROWS, COLUMNS, CONNECTIONS)
    weights = initial_sparse_weights(masks, 2.0, generator(6))
    assert float(weights[~masks].abs().max()) == 0.0
    outputs = weights.sum(dim=-1)
    assert abs(float(outputs.square().mean()) - 2.0) < 0.1


def test_masked_entries_have_no_effect_and_no_gradient() -> None:
    masks = random_masks(2, ROWS, COLUMNS, CONNECTIONS)
    weight = torch.randn(2, ROWS, COLUMNS, dtype=torch.float64, generator=generator(), requires_grad=True)
    x = torch.randn(2, COLUMNS, EXAMPLES, dtype=torch.float64, generator=generator(7))
    out = masked_product(weight, masks, x)
    for member in range(2):
        wanted = torch.where(masks[member], weight[member], 0.0) @ x[member]
        torch.testing.assert_close(out[member], wanted)
    out.square().sum().backward()
    assert weight.grad is not None
    assert float(weight.grad[~masks].abs().max()) == 0.0
    assert float(weight.grad[masks].abs().min()) > 0.0


def test_compressed_rows_multiply_as_the_mask_does_and_keep_zeros() -> None:
    mask = random_mask(ROWS, COLUMNS, CONNECTIONS, generator())
    weight = torch.randn(ROWS, COLUMNS, dtype=torch.float64, generator=generator())
    weight[tuple(mask.nonzero()[0])] = 0.0
    rows = compressed(weight, mask)
    x = torch.randn(COLUMNS, EXAMPLES, dtype=torch.float64, generator=generator(7))
    torch.testing.assert_close(rows @ x, masked_product(weight, mask, x))
    assert rows.values().numel() == CONNECTIONS
    assert stored_numbers([rows]) == 2 * CONNECTIONS + ROWS + 1
    assert stored_numbers([weight, mask]) == 2 * ROWS * COLUMNS


def test_numbers_that_cannot_be_are_refused() -> None:
    assert connections_of_density(16, 16, 1 / 16) == 16
    assert connections_of_density(3, 3, 0.01) == 1
    with pytest.raises(ValueError, match="at most 1"):
        connections_of_density(3, 3, 1.5)
    with pytest.raises(ValueError, match="10 connections do not fit"):
        random_mask(3, 3, 10, generator())
    with pytest.raises(ValueError, match="of one matrix"):
        compressed(torch.zeros(2, 3, 3), torch.ones(2, 3, 3))
