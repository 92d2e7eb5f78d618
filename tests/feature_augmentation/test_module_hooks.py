"""Augmentation at any submodule of a module: what enters it, what leaves no trace, and what is refused."""

import pytest
import torch
from torch import Tensor, nn

from widthscope.feature_augmentation.module_hooks import FeatureAugmentation, frozen_running_statistics
from widthscope.feature_augmentation.operations.base import FeatureError
from widthscope.feature_augmentation.operations.cutout import Cutout
from widthscope.feature_augmentation.operations.flips import Flip
from widthscope.feature_augmentation.operations.identity import Identity
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.operations.permutation import Permutation


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(2, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 5)]
    return nn.Sequential(*layers).double()


def images() -> Tensor:
    return torch.randn(6, 2, 6, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_the_operation_is_applied_to_what_enters_the_position() -> None:
    model, x, one_hot = network().eval(), images(), torch.eye(6, dtype=torch.float64)
    with FeatureAugmentation(model, ["", "1", "4"], Mixup(), seed=3) as augmentation:
        for position, before in (("", 0), ("1", 1), ("4", 4)):
            with augmentation.at(position):
                found = model(x)
            soft = augmentation.targets(one_hot)
            # Row i of the soft labels of distinct examples is what it is a mixture of.
            hidden = model[:before](x)
            mixed = torch.einsum("ij,j...->i...", soft, hidden)
            torch.testing.assert_close(found, model[before:](mixed))
            assert not torch.equal(soft, one_hot)


def test_nothing_is_changed_outside_and_nothing_stays() -> None:
    model, x = network().eval(), images()
    plain = model(x)
    augmentation = FeatureAugmentation(model, ["0", "4"], Permutation(), seed=0)
    assert torch.equal(model(x), plain)
    with augmentation.at("4"):
        assert not torch.equal(model(x), plain)
    assert torch.equal(model(x), plain)
    with augmentation.at(None):
        assert torch.equal(model(x), plain)
        assert augmentation.targets(plain) is plain
    augmentation.remove()
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_an_exception_within_leaves_the_model_as_it_was() -> None:
    model, x = network().eval(), images()
    plain = model(x)
    with FeatureAugmentation(model, ["0"], Permutation(), seed=0) as augmentation:
        with pytest.raises(RuntimeError, match="Kernel size"), augmentation.at("0"):
            model(x[:, :, :2])
        assert torch.equal(model(x), plain)


def test_draws_can_be_gone_on_with() -> None:
    model, x = network().eval(), images()
    with FeatureAugmentation(model, ["0"], Cutout(), seed=0) as augmentation:
        state = augmentation.random_state()

        def passed() -> Tensor:
            with augmentation.at("0"):
                found: Tensor = model(x)
            return found

        first, second = passed(), passed()
        augmentation.set_random_state(state)
        assert torch.equal(passed(), first)
        assert not torch.equal(first, second)


def test_what_cannot_be_done_is_said_in_one_sentence() -> None:
    model, x = network(), images()
    for wrong in ([], ["nowhere"], ["0", "0"]):
        with pytest.raises(FeatureError, match=r"must be different names of submodules of Sequential"):
            FeatureAugmentation(model, wrong, Identity(), seed=0)
    with FeatureAugmentation(model, ["0", "4"], Flip(), seed=0) as augmentation:
        with pytest.raises(FeatureError, match="'2' is no position, allowed: 0, 4"), augmentation.at("2"):
            pass
        with pytest.raises(FeatureError, match="no forward pass reached"), augmentation.at("4"):
            model[:2](x)
        with pytest.raises(FeatureError, match="twice"), augmentation.at("0"):
            model[0](model[0](x)[:, :2])
        with pytest.raises(FeatureError, match="height, width"), augmentation.at("4"):
            model(x)
        with pytest.raises(FeatureError, match="first positional argument"), augmentation.at("0"):
            model[0](input=x)


def test_frozen_statistics_normalise_by_the_batch_and_remember_nothing() -> None:
    model, x = network().train(), images()
    before = [buffer.clone() for buffer in model.buffers()]
    with frozen_running_statistics(model):
        within = model(x)
        with pytest.raises(ZeroDivisionError), frozen_running_statistics(model):
            raise ZeroDivisionError
    assert all(torch.equal(one, other) for one, other in zip(model.buffers(), before, strict=True))
    assert torch.equal(model(x), within)
    assert not torch.equal(model[1].running_mean, before[0])
