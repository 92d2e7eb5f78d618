"""Augmentation at any submodule of a module: what enters it, what leaves no trace, and what is refused."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from widthscope.feature_augmentation.module_hooks import FeatureAugmentation, frozen_running_statistics
from widthscope.feature_augmentation.operations.base import FeatureError, Operation
from widthscope.feature_augmentation.operations.cutout import Cutout
from widthscope.feature_augmentation.operations.flips import Flip
from widthscope.feature_augmentation.operations.identity import Identity
from widthscope.feature_augmentation.operations.mixup import Mixup
from widthscope.feature_augmentation.operations.noise import Noise
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
    for none, words in ((Mixup, "not the class Mixup"), ("mixup", "such as Mixup")):
        with pytest.raises(FeatureError, match=words):
            FeatureAugmentation(model, ["0"], none, seed=0)  # type: ignore[arg-type]
    with FeatureAugmentation(model, ["0", "4"], Flip(), seed=0) as augmentation:
        with pytest.raises(FeatureError, match="'2' is no position, allowed: 0, 4"), augmentation.at("2"):
            pass
        with pytest.raises(FeatureError, match="no forward pass reached"), augmentation.at("4"):
            model[:2](x)
        with pytest.raises(FeatureError, match="twice"), augmentation.at("0"):
            model[0](model[0](x)[:, :2])
        words = "a pass at '4' cannot lie within one at '0'"
        with pytest.raises(FeatureError, match=words), augmentation.at("0"), augmentation.at("4"):
            model(x)
        words = r"position '4' a horizontal flip needs .* \(batch, channel, height, width\), not \(6, 64\)"
        with pytest.raises(FeatureError, match=words), augmentation.at("4"):
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


@pytest.mark.parametrize("operation", [Mixup(), Noise(), Permutation()])
def test_tokens_are_refused_before_their_embedding_and_augmented_after_it(operation: Operation) -> None:
    model = nn.Sequential(nn.Embedding(50, 8), nn.Flatten(), nn.Linear(40, 3))
    tokens = torch.randint(50, (6, 5), generator=torch.Generator().manual_seed(0))
    plain = model(tokens)
    with FeatureAugmentation(model, ["0", "1"], operation, seed=0) as augmentation:
        words = r"'0' gets torch.int64.*after their embedding"
        with pytest.raises(FeatureError, match=words), augmentation.at("0"):
            model(tokens)
        with augmentation.at("1"):
            assert not torch.equal(model(tokens), plain)


def test_labels_that_cannot_be_mixed_are_refused() -> None:
    model, x = network(), images()
    one_hot = torch.eye(6)
    with FeatureAugmentation(model, ["0"], Mixup(), seed=0) as augmentation:
        with augmentation.at("0"):
            with pytest.raises(FeatureError, match="after the forward pass"):
                augmentation.targets(one_hot)
            model(x)
            soft = augmentation.targets(one_hot)
        torch.testing.assert_close(soft.sum(1), torch.ones(6))
        for wrong in (one_hot.long(), one_hot.argmax(1), one_hot[0], one_hot[:1], one_hot[:5]):
            with pytest.raises(FeatureError, match=r"must be floats \(6, class\)"):
                augmentation.targets(wrong)
    with FeatureAugmentation(model, ["0"], Noise(), seed=0) as augmentation:
        with augmentation.at("0"):
            model(x)
        classes = torch.arange(6)
        assert augmentation.targets(classes) is classes


class Checkpointed(nn.Module):
    """A body that is run again in the backward pass, and a head."""

    def __init__(self, reentrant: bool) -> None:
        super().__init__()
        self.reentrant = reentrant
        self.body = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4))
        self.head = nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.head(checkpoint(self.body, x, use_reentrant=self.reentrant))
        return scores


@pytest.mark.parametrize("reentrant", [False, True])
@pytest.mark.parametrize("operation", [Noise(), Mixup(), Permutation()])
def test_a_position_that_is_run_again_is_refused_and_one_outside_is_not(
    operation: Operation, reentrant: bool
) -> None:
    torch.manual_seed(0)
    model, x = Checkpointed(reentrant).double(), images()[:, 0, 0, :4].requires_grad_()
    with FeatureAugmentation(model, ["body", "body.2", "head"], operation, seed=0) as augmentation:
        with augmentation.at("head"):
            loss = model(x).square().sum()
        found = torch.autograd.grad(loss, model.head.weight, retain_graph=True)[0]
        loss.backward()
        assert torch.equal(found, model.head.weight.grad)
        for position in ("body.2", "body"):
            with augmentation.at(position):
                loss = model(x).square().sum()
            with pytest.raises(FeatureError, match=f"'{position}' lies within a part that activation"):
                loss.backward()


def test_self_attention_is_augmented_in_queries_keys_and_values() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, norm_first=True).double()
    x, eye = torch.randn(5, 7, 8, dtype=torch.float64), torch.eye(5, dtype=torch.float64)
    with FeatureAugmentation(layer, ["self_attn", ""], Mixup(), seed=0) as augmentation:
        with augmentation.at("self_attn"):
            found = layer(x)
        mixed = torch.einsum("ij,j...->i...", augmentation.targets(eye), layer.norm1(x))
        hidden = x + layer.self_attn(mixed, mixed, mixed)[0]
        expected = hidden + layer.linear2(layer.linear1(layer.norm2(hidden)).relu())
        torch.testing.assert_close(found, expected)
        layer.eval()
        with torch.no_grad(), augmentation.at(""):
            found = layer(x)
        mixed = torch.einsum("ij,j...->i...", augmentation.targets(eye), x)
        torch.testing.assert_close(found, layer(mixed))


@pytest.mark.parametrize(
    "layer",
    [
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 1, enable_nested_tensor=False),
        nn.MultiheadAttention(8, 2),
        nn.LSTM(8, 4),
    ],
)
def test_layers_whose_first_axis_is_time_are_refused(layer: nn.Module) -> None:
    x = torch.randn(5, 5, 8)
    inputs = [x] * (3 if isinstance(layer, nn.MultiheadAttention) else 1)
    augmentation = FeatureAugmentation(layer, [""], Mixup(), seed=0)
    with pytest.raises(FeatureError, match="batch_first=True"), augmentation.at(""):
        layer(*inputs)
    augmentation.remove()


def test_copies_of_the_model_are_refused_and_a_wrapped_model_is_augmented() -> None:
    model, x = network().eval(), images()
    with FeatureAugmentation(model, ["0", "4"], Permutation(), seed=0) as augmentation:
        for other in (copy.deepcopy(model)[0], model[0]._replicate_for_data_parallel()):
            with pytest.raises(FeatureError, match="a copy of the model"), augmentation.at("0"):
                other(x)
            other.weight = model[0].weight
            other.bias = model[0].bias
            assert torch.equal(other(x), model[0](x))
    wrapped = nn.DataParallel(model)  # which on the CPU calls the model itself
    with FeatureAugmentation(wrapped, ["module.0"], Permutation(), seed=0) as augmentation:
        plain = wrapped(x)
        with augmentation.at("module.0"):
            assert not torch.equal(wrapped(x), plain)


@pytest.mark.parametrize("training", [True, False])
def test_no_layer_remembers_anything_of_a_frozen_pass(training: bool) -> None:
    torch.manual_seed(0)
    layers = [
        nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 3, 3)),
        nn.InstanceNorm2d(3, track_running_stats=True),
        nn.BatchNorm2d(3, momentum=None),
    ]
    model, x = nn.Sequential(*layers).double().train(training), images() + 5
    twin = copy.deepcopy(model)
    before = {name: buffer.clone() for name, buffer in model.named_buffers()}
    objects = list(model.buffers())
    with frozen_running_statistics(model):
        within = model(x)
        if training:
            assert not torch.equal(model[1].running_mean, before["1.running_mean"])
    within.sum().backward()
    assert torch.equal(within, twin(x))
    assert all(torch.equal(buffer, before[name]) for name, buffer in model.named_buffers())
    assert all(one is other for one, other in zip(model.buffers(), objects, strict=True))


def test_a_compiled_model_is_augmented_at_each_position_in_turn() -> None:
    model, x, eye = network().eval(), images(), torch.eye(6, dtype=torch.float64)
    compiled = torch.compile(model, backend="eager")
    with FeatureAugmentation(compiled, ["_orig_mod.1", "_orig_mod.4"], Mixup(), seed=0) as augmentation:
        for place in (1, 4, None, 1):
            with augmentation.at(None if place is None else f"_orig_mod.{place}"):
                found = compiled(x)
            hidden = model[:place](x)
            mixed = torch.einsum("ij,j...->i...", augmentation.targets(eye), hidden)
            torch.testing.assert_close(found, model(x) if place is None else model[place:](mixed))
