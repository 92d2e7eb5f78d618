"""The dimension of attention's heads is found whatever the model calls it."""

import pytest
import torch
from tests.coordinate_check.own_models import probed, reported
from torch import nn

from widthscope.coordinate_check.attention import kept_dimension
from widthscope.coordinate_check.findings import findings


class Scores(nn.Module):
    """Attention with its heads under a name that nobody knows, scores by hand or by Torch."""

    def __init__(self, width: int, how: str, heads: int) -> None:
        super().__init__()
        self.h, self.how = heads, how
        self.keys, self.readout = nn.Linear(6, width), nn.Linear(width, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        k = self.keys(x).unflatten(1, (self.h, -1)).movedim(1, 0)
        if self.how == "torch":
            mixed = nn.functional.scaled_dot_product_attention(k, k, k)
        elif self.how == "product":
            mixed = (k @ k.mT / k.shape[-1] ** 0.5).softmax(-1) @ k
        else:
            mixed = torch.softmax(torch.einsum("hid,hjd->hij", k, k), -1) @ k
        return self.readout(mixed.movedim(0, 1).flatten(1))


@pytest.mark.parametrize("how", ["torch", "product"])
def test_the_head_dimension_is_seen_where_scores_are_computed(how: str) -> None:
    found = probed(lambda width: Scores(width, how, 4)).architecture
    assert (found.growing_heads, found.unknown_softmaxes) == ({"": (4, 16)}, ())
    assert probed(lambda width: Scores(width, how, width // 4)).architecture.growing_heads == {}


def test_a_softmax_of_unknown_scores_is_hinted_at() -> None:
    found = reported(lambda width: Scores(width, "sum", 4))
    assert found.probed.architecture.unknown_softmaxes == ("",)
    assert "the model takes a softmax; if that is attention" in " ".join(findings(found))


@pytest.mark.parametrize(("name", "value"), [("d_k", 8), ("n_head", 4), ("num_heads", 4)])
def test_names_under_which_it_is_kept(name: str, value: int) -> None:
    module = nn.Linear(2, 2)
    setattr(module, name, value)
    assert kept_dimension(module, 32) == 8
