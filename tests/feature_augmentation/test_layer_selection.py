"""Adaptive selection in a user's loop: its inner product by hand, what it leaves alone, and resuming."""

import pytest
import torch
from tests.documented import example
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot

from widthscope.feature_augmentation.layer_selection import AdaptiveLayerSelection, SelectionError
from widthscope.feature_augmentation.module_hooks import FeatureAugmentation
from widthscope.feature_augmentation.operations.base import Operation
from widthscope.feature_augmentation.operations.identity import Identity
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.operations.permutation import Permutation
from widthscope.feature_augmentation.ratios import RatioRule

GENERATOR = torch.Generator().manual_seed(5)
X = torch.randn(40, 6, dtype=torch.float64, generator=GENERATOR)
LABELS = X[:, :3].argmax(-1)


class Loop:
    """A user's loop with momentum and weight decay."""

    def __init__(self, operation: Operation, rate: float = 0.1) -> None:
        torch.manual_seed(0)
        layers = [nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3)]
        self.model = nn.Sequential(*layers).double()
        self.optimiser = torch.optim.SGD(self.model.parameters(), 0.05, momentum=0.9, weight_decay=0.1)
        augmentation = FeatureAugmentation(self.model, ["0", "3"], operation, seed=0)
        self.selection = AdaptiveLayerSelection(self.model, augmentation, rule=RatioRule(rate), seed=0)
        self.step = 0

    def trained(self) -> Tensor:
        """The training half of a step; returns the flat gradient."""
        rows = (torch.arange(8) + 5 * self.step) % 30
        self.step += 1
        with self.selection.augmented():
            scores = self.model(X[rows])
        loss = cross_entropy(scores, self.selection.targets(one_hot(LABELS[rows], 3).double()))
        self.optimiser.zero_grad()
        loss.backward()
        self.selection.keep_gradient()
        gradient = self.flat_gradient()
        self.optimiser.step()
        return gradient

    def validation(self) -> Tensor:
        return cross_entropy(self.model(X[30:]), LABELS[30:])

    def flat_gradient(self) -> Tensor:
        return torch.cat([p.grad.flatten() for p in self.model.parameters() if p.grad is not None]).clone()


def test_alignment_is_the_product_of_the_gradient_before_and_the_one_after_the_step() -> None:
    loop = Loop(Mixup())
    for _ in range(6):
        before = loop.trained()
        parameters = list(loop.model.parameters())
        after = torch.cat([g.flatten() for g in torch.autograd.grad(loop.validation(), parameters)])
        ratios, place = loop.selection.ratios, ("0", "3").index(str(loop.selection.position))
        found = loop.selection.update(loop.validation)
        assert abs(found - float(before @ after)) < 1e-12
        ratios[place] += 0.1 * found
        ratios = ratios.clamp(0.05, 0.95)
        torch.testing.assert_close(loop.selection.ratios, ratios / ratios.sum())


def test_update_leaves_gradients_weights_and_running_statistics_alone() -> None:
    loop = Loop(Mixup())
    loop.trained()
    gradient = loop.flat_gradient()
    state = {name: values.clone() for name, values in loop.model.state_dict().items()}
    loop.selection.update(loop.validation)
    assert torch.equal(loop.flat_gradient(), gradient)
    assert all(torch.equal(values, state[name]) for name, values in loop.model.state_dict().items())


def test_parameters_without_a_gradient_are_passed_over() -> None:
    loop = Loop(Identity())
    loop.model[0].requires_grad_(False)
    before = loop.trained()
    trained = [p for p in loop.model.parameters() if p.requires_grad]
    after = torch.cat([g.flatten() for g in torch.autograd.grad(loop.validation(), trained)])
    assert abs(loop.selection.update(loop.validation) - float(before @ after)) < 1e-12


def test_a_resumed_run_goes_on_as_it_would_have() -> None:
    whole, broken = Loop(Permutation()), Loop(Permutation())
    for loop in (whole, broken):
        for _ in range(3):
            loop.trained()
            loop.selection.update(loop.validation)
    resumed = Loop(Permutation())
    resumed.model.load_state_dict(broken.model.state_dict())
    resumed.optimiser.load_state_dict(broken.optimiser.state_dict())
    resumed.selection.load_state_dict(broken.selection.state_dict())
    resumed.step = broken.step
    for loop in (whole, resumed):
        for _ in range(4):
            loop.trained()
            loop.selection.update(loop.validation)
    assert torch.equal(whole.selection.ratios, resumed.selection.ratios)
    assert whole.selection.alignment == resumed.selection.alignment


def test_steps_out_of_order_are_refused() -> None:
    loop = Loop(Mixup())
    with pytest.raises(SelectionError, match="keep_gradient"):
        loop.selection.update(loop.validation)
    loop.trained()
    loop.selection.update(loop.validation)
    with pytest.raises(SelectionError, match="keep_gradient"):
        loop.selection.update(loop.validation)
    one = FeatureAugmentation(loop.model, ["0"], Mixup(), seed=0)
    with pytest.raises(SelectionError, match="two positions"):
        AdaptiveLayerSelection(loop.model, one, seed=0)
    two = FeatureAugmentation(loop.model, ["0", "3"], Mixup(), seed=0)
    with pytest.raises(SelectionError, match="one rate"):
        AdaptiveLayerSelection(loop.model, two, rule=RatioRule(torch.tensor([0.1, 0.2])), seed=0)


def test_the_documented_example_trains() -> None:
    network, selection = example("own_augmentation").trained(12)
    assert len(selection.ratios) == 3
    assert abs(float(selection.ratios.sum()) - 1) < 1e-12
    assert not any(module._forward_pre_hooks for module in network.modules())
