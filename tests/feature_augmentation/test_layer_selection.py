"""Adaptive selection in a user's loop: its inner product by hand, what it leaves alone, and resuming."""

from collections.abc import Callable

import pytest
import torch
from tests.documented import example
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, one_hot
from torch.nn.parallel import DistributedDataParallel

from widthscope.feature_augmentation.layer_selection import (
    AdaptiveLayerSelection,
    SelectionError,
    inner_product,
)
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


def test_an_old_gradient_of_what_is_frozen_since_does_not_enter() -> None:
    loop = Loop(Identity())
    loop.trained()
    old = loop.model[0].weight.grad.clone()
    loop.model[0].requires_grad_(False)
    before = loop.trained()
    loop.model[0].weight.grad = old
    loop.selection.keep_gradient()
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
    many = DistributedDataParallel.__new__(DistributedDataParallel)  # without a group of processes
    nn.Module.__init__(many)
    many.module = loop.model
    with pytest.raises(SelectionError, match="one process"):
        AdaptiveLayerSelection(many, two, seed=0)


def updated(model: nn.Module, x: Tensor, validation: Callable[[], Tensor]) -> tuple[float, list[Tensor]]:
    """G of one step without a change of the weights, and the gradients that were kept."""
    positions = [name for name, _ in model.named_children()][-2:]
    with FeatureAugmentation(model, positions, Identity(), seed=0) as augmentation:
        selection = AdaptiveLayerSelection(model, augmentation, seed=0)
        with selection.augmented():
            model(x).square().sum().backward()
        selection.keep_gradient()
        return selection.update(validation), [p.grad for p in model.parameters() if p.grad is not None]


def test_products_of_small_float16_gradients_do_not_vanish() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3)).to(torch.float16)
    for parameter in model.parameters():
        parameter.data.fill_(2.0**-4)
    x = torch.full((2, 4), 2.0**-10, dtype=torch.float16)
    found, gradients = updated(model, x, lambda: model(x).square().sum())
    expected = sum(float(gradient.double().square().sum()) for gradient in gradients)
    assert found == expected
    assert min(float(gradient.abs().min()) for gradient in gradients) ** 2 < 2.0**-25


@pytest.mark.parametrize("sparse", [True, False])
def test_sparse_gradients_count_as_dense_ones(sparse: bool) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 3, sparse=sparse), nn.Flatten(), nn.Linear(6, 2)).double()
    tokens, other = torch.tensor([[1, 1], [2, 1]]), torch.tensor([[1, 3], [3, 2]])
    found, kept = updated(model, tokens, lambda: model(other).square().sum())
    after = torch.autograd.grad(model(other).square().sum(), list(model.parameters()))
    expected = sum((a.to_dense() * b.to_dense()).sum() for a, b in zip(kept, after, strict=True))
    assert abs(found - float(expected)) < 1e-12 * abs(found)


def test_a_complex_gradient_counts_by_its_parts() -> None:
    first, second = torch.tensor([1 + 2j, 3 - 1j]), torch.tensor([2 - 1j, 1 + 1j])
    assert float(inner_product(first, second)) == 2 - 2 + 3 - 1


def test_the_alignment_is_at_the_new_weights_within_autocast_too() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3))
    x, labels = X[:8].float(), LABELS[:8]
    with FeatureAugmentation(model, ["0", "1"], Identity(), seed=0) as augmentation:
        selection = AdaptiveLayerSelection(model, augmentation, seed=0)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            with selection.augmented():
                cross_entropy(model(x), labels).backward()
            selection.keep_gradient()
            kept = [p.grad.clone() for p in model.parameters() if p.grad is not None]
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.mul_(-3)
            found = selection.update(lambda: cross_entropy(model(x), labels))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            after = torch.autograd.grad(cross_entropy(model(x), labels), list(model.parameters()))
    expected = sum(float((a.double() * b.double()).sum()) for a, b in zip(kept, after, strict=True))
    assert abs(found - expected) < 1e-12


def test_validation_losses_without_a_use_are_refused_and_ratios_stay() -> None:
    loop = Loop(Mixup())
    for wrong, words in (
        (lambda: loop.validation().detach(), "without one"),
        (lambda: loop.validation()[None].expand(2), r"not \(2,\)"),
        (lambda: loop.validation() * float("nan"), "alignment of the gradients is nan"),
        (lambda: loop.validation() * float("inf"), "alignment of the gradients is"),
        (lambda: loop.validation().item(), "must be a tensor, not a float"),
        (loop.validation(), "must be a function .* not a Tensor"),
    ):
        loop.trained()
        before = loop.selection.ratios
        with pytest.raises(SelectionError, match=words):
            loop.selection.update(wrong)  # type: ignore[arg-type]
        assert torch.equal(loop.selection.ratios, before)
        assert loop.selection.alignment is None
    loop.trained()
    with torch.no_grad():
        loop.selection.update(loop.validation)


def test_a_state_of_other_positions_is_refused() -> None:
    loop = Loop(Mixup())
    rule = RatioRule(torch.tensor(float("nan")))
    with pytest.raises(SelectionError, match="rate of the ratios must be finite"):
        AdaptiveLayerSelection(loop.model, loop.selection.augmentation, rule=rule, seed=0)
    state = loop.selection.state_dict()
    with pytest.raises(SelectionError, match=r"ratios must have shape \(1, 2\), not \(1, 3\)"):
        loop.selection.load_state_dict({**state, "ratios": torch.full((1, 3), 1 / 3)})
    averaged = AdaptiveLayerSelection(
        loop.model, loop.selection.augmentation, rule=RatioRule(decay=0.9), seed=0
    )
    with pytest.raises(SelectionError, match="mean_square must have shape"):
        averaged.load_state_dict(state)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"step": None}, "step must have shape .*, not none"),
        ({"draws": None}, "draws must have shape .*, not none"),
        ({"choices": torch.zeros(3, dtype=torch.uint8)}, r"choices must have shape .*, not \(3,\)"),
        ({"step": torch.tensor(1.5)}, "step must be finite and of type torch.int64"),
        ({"step": torch.tensor(-1)}, "must be at least 0"),
        ({"ratios": torch.tensor([[float("nan"), 0.5]])}, "ratios must be finite"),
        ({"ratios": torch.tensor([[-0.5, 1.5]])}, "must be at least 0"),
        ({"ratios": torch.zeros(1, 2)}, "one ratio above it"),
        ({"mean_square": torch.zeros(1)}, "has mean_square, which this selection does not know"),
    ],
)
def test_a_state_that_is_none_is_refused_and_nothing_of_it_is_loaded(
    changes: dict[str, Tensor | None], words: str
) -> None:
    source, loop = Loop(Mixup()), Loop(Mixup())
    source.trained()
    source.selection.update(source.validation)
    before = loop.selection.state_dict()
    merged = {**source.selection.state_dict(), **changes}
    with pytest.raises(SelectionError, match=words):
        loop.selection.load_state_dict({key: value for key, value in merged.items() if value is not None})
    after = loop.selection.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())


def test_the_documented_example_trains() -> None:
    network, selection = example("own_augmentation").trained(12)
    assert len(selection.ratios) == 3
    assert abs(float(selection.ratios.sum()) - 1) < 1e-12
    assert not any(module._forward_pre_hooks for module in network.modules())
