"""Against a module of Torch's own layers, in float64, and what causality demands."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from widthscope.ensembles.gradient_step import value_and_gradients
from widthscope.ensembles.parameters import stacked
from widthscope.models.transformer import Architecture, initial, logits, logits_and_attention, losses

SIZES = Architecture(vocabulary=9, width=12, context=8, layers=3, heads=3, feedforward=20)
VARIANTS = {
    "post": SIZES,
    "pre": replace(SIZES, norm="pre"),
    "one layer, post": replace(SIZES, layers=1),
    "untied, gelu, pre": replace(SIZES, norm="pre", tied=False, activation="gelu"),
}
MEMBERS, BATCH, COUNT = 3, 2, 6


class Layer(nn.Module):
    def __init__(self, a):
        super().__init__()
        self.post = a.norm == "post"
        self.attention = nn.MultiheadAttention(a.width, a.heads, bias=False, batch_first=True)
        self.expand, self.contract = nn.Linear(a.width, a.feedforward), nn.Linear(a.feedforward, a.width)
        self.activation = {"relu": nn.ReLU(), "gelu": nn.GELU()}[a.activation]
        self.norms = nn.ModuleList([nn.LayerNorm(a.width), nn.LayerNorm(a.width)])

    def attend(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        return self.attention(x, x, x, attn_mask=mask, need_weights=True, average_attn_weights=False)

    def forward(self, x):
        first, second = self.norms
        seen, maps = self.attend(x if self.post else first(x))
        x = first(x + seen) if self.post else x + seen
        hidden = self.contract(self.activation(self.expand(x if self.post else second(x))))
        return (second(x + hidden) if self.post else x + hidden), maps


class Module(nn.Module):
    """One member, its weights copied from ours."""

    def __init__(self, a, parameters):
        super().__init__()
        self.architecture, self.parameters_of = a, parameters
        self.embedding = nn.Embedding.from_pretrained(parameters["embedding"], freeze=False)
        self.position = nn.Embedding.from_pretrained(parameters["position"], freeze=False)
        self.layers = nn.ModuleList([Layer(a) for _ in range(a.layers)]).double()
        self.norm = nn.LayerNorm(a.width).double() if a.norm == "pre" else nn.Identity()
        self.unembedding = nn.Linear(a.width, a.vocabulary, bias=False).double()
        self.unembedding.weight = self.embedding.weight if a.tied else nn.Parameter(parameters["unembedding"])
        with torch.no_grad():
            for place, layer in enumerate(self.layers):
                p = {
                    k: v[place]
                    for k, v in parameters.items()
                    if k not in ("embedding", "position", "unembedding") and not k.startswith("final")
                }
                stack = [p[name].flatten(0, 1) for name in ("query", "key", "value")]
                layer.attention.in_proj_weight.copy_(torch.cat(stack))
                layer.attention.out_proj.weight.copy_(p["output"])
                for linear, weight, bias in [
                    (layer.expand, "hidden", "hidden_bias"),
                    (layer.contract, "contract", "contract_bias"),
                    (layer.norms[0], "attention_norm_gain", "attention_norm_bias"),
                    (layer.norms[1], "feedforward_norm_gain", "feedforward_norm_bias"),
                ]:
                    linear.weight.copy_(p[weight])
                    linear.bias.copy_(p[bias])
            if a.norm == "pre":
                self.norm.weight.copy_(parameters["final_norm_gain"])
                self.norm.bias.copy_(parameters["final_norm_bias"])

    def forward(self, tokens):
        x = self.embedding(tokens) + self.position(torch.arange(tokens.shape[1]))
        x, maps = math.sqrt(self.architecture.width) * x, []
        for layer in self.layers:
            x, attention = layer(x)
            maps.append(attention)
        return self.unembedding(self.norm(x)), torch.stack(maps)


def drawn(architecture):
    members = []
    for seed in range(MEMBERS):
        generator = torch.Generator().manual_seed(seed)
        member = initial(architecture, generator)
        # Biases and gains away from 0 and 1, so that one forgotten is seen.
        for name in member:
            if name.endswith(("bias", "gain")):
                noise = torch.randn(member[name].shape, generator=generator, dtype=torch.float64)
                member[name] = member[name] + 0.3 * noise
        members.append(member)
    symbols = torch.randint(9, (MEMBERS, BATCH, COUNT + 1), generator=torch.Generator().manual_seed(9))
    return members, stacked(members, dtype=torch.float64), symbols[..., :-1], symbols[..., 1:]


@pytest.mark.parametrize("architecture", VARIANTS.values(), ids=VARIANTS)
def test_logits_attention_and_gradients_equal_those_of_torch_layers(architecture):
    members, parameters, tokens, targets = drawn(architecture)
    found, attention = logits_and_attention(architecture, parameters, tokens)
    assert torch.equal(logits(architecture, parameters, tokens), found)
    values, gradients = value_and_gradients(
        lambda p, b: losses(architecture, p, b["x"], b["y"]), parameters, {"x": tokens, "y": targets}
    )
    for place, member in enumerate(members):
        module = Module(architecture, member)
        expected, maps = module(tokens[place])
        torch.testing.assert_close(found[place], expected.detach(), rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(attention[place], maps.detach(), rtol=1e-11, atol=1e-13)
        loss = cross_entropy(expected.flatten(0, 1), targets[place].flatten())
        loss.backward()
        torch.testing.assert_close(values[place], loss.detach(), rtol=1e-12, atol=0)
        for name, gradient in module_gradients(module).items():
            torch.testing.assert_close(gradients[name][place], gradient, rtol=1e-9, atol=1e-13)


def module_gradients(module):
    def stack(of):
        return torch.stack([of(layer) for layer in module.layers])

    heads, head_dim = module.architecture.heads, module.architecture.head_dim
    fused = stack(lambda layer: layer.attention.in_proj_weight.grad).unflatten(1, (3, heads, head_dim))
    found = {
        "embedding": module.embedding.weight.grad,
        "position": module.position.weight.grad,
        "query": fused[:, 0],
        "key": fused[:, 1],
        "value": fused[:, 2],
        "output": stack(lambda layer: layer.attention.out_proj.weight.grad),
        "hidden": stack(lambda layer: layer.expand.weight.grad),
        "hidden_bias": stack(lambda layer: layer.expand.bias.grad),
        "contract": stack(lambda layer: layer.contract.weight.grad),
        "contract_bias": stack(lambda layer: layer.contract.bias.grad),
        "attention_norm_gain": stack(lambda layer: layer.norms[0].weight.grad),
        "attention_norm_bias": stack(lambda layer: layer.norms[0].bias.grad),
        "feedforward_norm_gain": stack(lambda layer: layer.norms[1].weight.grad),
        "feedforward_norm_bias": stack(lambda layer: layer.norms[1].bias.grad),
    }
    if module.architecture.norm == "pre":
        found |= {"final_norm_gain": module.norm.weight.grad, "final_norm_bias": module.norm.bias.grad}
    if not module.architecture.tied:
        found["unembedding"] = module.unembedding.weight.grad
    assert found.keys() == module.parameters_of.keys()
    return found


@pytest.mark.parametrize("architecture", VARIANTS.values(), ids=VARIANTS)
def test_future_tokens_do_not_matter(architecture):
    _, parameters, tokens, _ = drawn(architecture)
    before = logits(architecture, parameters, tokens)
    changed = tokens.clone()
    changed[..., 4:] = (changed[..., 4:] + 1) % 9
    after = logits(architecture, parameters, changed)
    assert torch.equal(before[:, :, :4], after[:, :, :4])
    assert (before[:, :, 4:] != after[:, :, 4:]).any()
    shorter = logits(architecture, parameters, tokens[..., :4])
    torch.testing.assert_close(shorter, before[:, :, :4], rtol=1e-12, atol=1e-12)


def test_initial_weights_have_the_variances_that_are_promised():
    wide = Architecture(vocabulary=50, width=128, context=16, heads=2, head_dim=32, feedforward=256)
    drawn = initial(wide, torch.Generator().manual_seed(0))
    assert drawn["query"].shape == (1, 2, 32, 128)
    assert drawn["query"].var().item() == pytest.approx(2 / (128 + 64), rel=0.05)
    assert drawn["hidden"].var().item() == pytest.approx(2 / (128 + 256), rel=0.05)
    assert drawn["embedding"].var().item() == pytest.approx(1 / 128, rel=0.05)
    assert drawn["query"].abs().max().item() <= math.sqrt(6 / (128 + 64))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"heads": 5}, "width 12 is not divisible by 5 heads"),
        ({"norm": "mid"}, "norm 'mid' must be post or pre"),
        ({"activation": "selu"}, "activation 'selu' one of relu, tanh"),
    ],
)
def test_impossible_architectures_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        Architecture(**({"vocabulary": 9, "width": 12, "context": 8} | sizes))


def test_more_tokens_than_the_context_are_refused():
    _, parameters, _, _ = drawn(SIZES)
    with pytest.raises(ValueError, match="9 tokens are more than the context, 8"):
        logits(SIZES, parameters, torch.zeros(MEMBERS, 1, 9, dtype=torch.int64))
