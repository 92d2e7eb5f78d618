import math

import pytest
import torch

from widthscope.ensembles.parameters import stacked
from widthscope.models import walk_regression as layer

MEMBERS, BATCH, COUNT, WIDTH = 3, 4, 5, 6


def drawn(heads=1):
    generators = [torch.Generator().manual_seed(seed) for seed in range(MEMBERS)]
    parameters = stacked([layer.initial(g, WIDTH, 2, heads) for g in generators], dtype=torch.float64)
    sequences = torch.stack([layer.walks(g, BATCH, COUNT + 1, WIDTH) for g in generators])
    return parameters, sequences[:, :, :-1], sequences[:, :, -1]


@pytest.mark.parametrize("heads", [1, 2])
def test_the_prediction_is_the_attended_mean_of_the_tokens(heads):
    parameters, tokens, targets = drawn(heads)
    attention = layer.attention(parameters, tokens)
    found = layer.prediction(parameters, tokens)
    loss = layer.loss(parameters, tokens, targets)
    entropy = layer.entropy(parameters, tokens)
    for m in range(MEMBERS):
        rows = []
        for h in range(heads):
            query, key = parameters["query"][m, 0, h], parameters["key"][m, 0, h]
            scores = torch.stack([(query @ x[-1]) @ (key @ x.T) for x in tokens[m]]) / math.sqrt(2)
            rows.append(scores.softmax(-1))
            torch.testing.assert_close(attention[m, :, h], rows[h])
            each = -(rows[h] * rows[h].log()).sum(-1) / math.log(COUNT)
            torch.testing.assert_close(entropy[m, h], each.mean())
        mean = torch.stack(rows).mean(0)
        expected = torch.einsum("bt,btd->bd", mean, tokens[m])
        torch.testing.assert_close(found[m], expected)
        torch.testing.assert_close(loss[m], ((expected - targets[m]) ** 2).mean())


def test_tokens_have_the_norm_of_a_normalised_layer():
    generator = torch.Generator().manual_seed(0)
    for draw in (layer.walks, layer.independent):
        norms = draw(generator, 7, 9, 16).norm(dim=-1)
        torch.testing.assert_close(norms, torch.full((7, 9), 4.0, dtype=torch.float64))


def test_walks_remember_and_independent_tokens_do_not():
    generator = torch.Generator().manual_seed(0)
    walks = layer.walks(generator, 4000, 9, 8, normalised=False)
    assert walks[:, 8].var().item() == pytest.approx(9, rel=0.05)
    # Cov(x_s, x_t) = min(s, t)
    assert (walks[:, 2] * walks[:, 8]).mean().item() == pytest.approx(3, rel=0.05)
    loose = layer.independent(generator, 4000, 9, 8)
    assert abs((loose[:, 2] * loose[:, 8]).mean().item()) < 0.03
