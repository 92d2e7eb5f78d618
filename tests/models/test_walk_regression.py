import math

import pytest
import torch

from widthscope.ensembles.parameters import stacked
from widthscope.models import walk_regression as layer

MEMBERS, BATCH, COUNT, WIDTH = 3, 4, 5, 6


def drawn(heads=1):
    generators = [torch.Generator().manual_seed(seed) for seed in range(MEMBERS)]
    parameters = stacked([layer.initial(g, WIDTH, 2, heads) for g in generators], dtype=torch.float64)
    shape = (BATCH, COUNT + 1, WIDTH)
    steps = torch.stack([torch.randn(shape, generator=g, dtype=torch.float64) for g in generators])
    sequences = steps.cumsum(dim=2)
    return parameters, sequences[:, :, :-1], sequences[:, :, -1]


@pytest.mark.parametrize("heads", [1, 2])
def test_the_prediction_is_the_attended_mean_of_the_tokens(heads):
    parameters, tokens, targets = drawn(heads)
    attention = layer.attention(parameters, tokens)
    found = layer.prediction(parameters, tokens)
    loss = layer.loss(parameters, tokens, targets)
    for m in range(MEMBERS):
        rows = []
        for h in range(heads):
            query, key = parameters["query"][m, 0, h], parameters["key"][m, 0, h]
            scores = torch.stack([(query @ x[-1]) @ (key @ x.T) for x in tokens[m]]) / math.sqrt(2)
            rows.append(scores.softmax(-1))
            torch.testing.assert_close(attention[m, :, h], rows[h])
        mean = torch.stack(rows).mean(0)
        expected = torch.einsum("bt,btd->bd", mean, tokens[m])
        torch.testing.assert_close(found[m], expected)
        torch.testing.assert_close(loss[m], ((expected - targets[m]) ** 2).mean())
