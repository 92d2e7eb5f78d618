"""The whole network against a loop over images, and its counts against the tensors themselves."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import gelu, interpolate, layer_norm

from widthscope.ensembles.batches import epochs
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import member_of, stacked
from widthscope.ensembles.training import train
from widthscope.mixers import image_mixer, tied
from widthscope.mixers.designs import ARMS, MixerError, Shape
from widthscope.mixers.normalisation import EPS

SHAPE = Shape(side=6, colours=2, patch=3, channels=5, token_hidden=4, channel_hidden=3, blocks=2, classes=3)


def drawn(arm, shape=SHAPE, members=2, dtype=torch.float64):
    """Parameters with a readout, biases, gain and shift that are not what they start from."""
    found = stacked(
        [image_mixer.draw(arm, shape, torch.Generator().manual_seed(seed)) for seed in range(members)],
        dtype=dtype,
    )
    for place, name in enumerate(("readout", "readout_bias", "embed_bias", "shift", "gain")):
        generator = torch.Generator().manual_seed(100 + place)
        found[name] = found[name] + torch.randn(found[name].shape, generator=generator, dtype=dtype)
    return found


def images(members=2, examples=4, shape=SHAPE, dtype=torch.float64):
    sizes = (members, examples, shape.colours, shape.side, shape.side)
    return torch.randn(sizes, generator=torch.Generator().manual_seed(9), dtype=dtype)


def scores_of(arm, shape, parameters, image):
    """One member's scores of one image, as the formulas are written."""
    side, patch = shape.side, shape.patch
    tokens = [
        image[:, row : row + patch, column : column + patch].flatten()
        for row in range(0, side, patch)
        for column in range(0, side, patch)
    ]
    x = torch.stack(tokens) @ parameters["embed"].T + parameters["embed_bias"]

    def normalised(table):
        return layer_norm(table.flatten(), (table.numel(),), eps=EPS).view(table.shape)

    for place in range(shape.blocks):
        w, v = parameters["token"][place], parameters["channel"][place]
        w2 = parameters["token_back"][place] if arm.backward != "tied" else arm.sign * w.T
        v2 = parameters["channel_back"][place] if arm.backward != "tied" else arm.sign * v.T
        if arm.backward == "added":
            w2, v2 = w2 + w.T, v2 + v.T
        g = normalised(x)
        if arm.order == "serial":
            x = x + w2 @ gelu(w @ g)
            x = x + gelu(normalised(x) @ v.T) @ v2.T
        else:
            x = x + w2 @ gelu(w @ g) + gelu(g @ v.T) @ v2.T
    last = layer_norm(x, x.shape[-1:], parameters["gain"], parameters["shift"], eps=EPS)
    return parameters["readout"] @ last.mean(0) + parameters["readout_bias"]


@pytest.mark.parametrize("name", ARMS)
def test_scores_are_those_of_one_image_after_the_other(name):
    arm, given = ARMS[name], images()
    parameters = drawn(arm)
    found = image_mixer.logits(arm, SHAPE, parameters, given)
    for member in range(2):
        own = member_of(parameters, member)
        for example in range(4):
            expected = scores_of(arm, SHAPE, own, given[member, example])
            assert torch.allclose(found[member, example], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ARMS)
def test_weights_are_counted_as_they_are_drawn(name):
    arm = ARMS[name]
    for shape in (SHAPE, Shape()):
        member = image_mixer.draw(arm, shape, torch.Generator().manual_seed(0))
        assert sum(value.numel() for value in member.values()) == shape.weights(arm)


def test_the_laptops_networks_have_the_weights_that_the_notes_state():
    counts = {
        (blocks, name): Shape(blocks=blocks).weights(ARMS[name])
        for blocks in (2, 4)
        for name in ("para", "sym")
    }
    assert counts == {(2, "para"): 10794, (2, "sym"): 5674, (4, "para"): 21034, (4, "sym"): 10794}
    assert Shape().weights(ARMS["sym2"]) == Shape().weights(ARMS["para"])
    # 2 S C (Hs + Hc) for each block.
    assert Shape().products(ARMS["para"]) == 4 * 2 * 16 * 32 * (32 + 64)


def test_arms_that_start_tied_start_as_the_symmetric_network():
    given = images()
    symmetric = image_mixer.logits(ARMS["sym"], SHAPE, drawn(ARMS["sym"]), given)
    for name in ("parasym", "asym"):
        parameters = drawn(ARMS[name])
        parameters = {**parameters, **{k: drawn(ARMS["sym"])[k] for k in ("token", "channel")}}
        if name == "asym":
            for pair in tied.PAIRS:
                parameters[f"{pair}_back"] = torch.zeros_like(parameters[f"{pair}_back"])
        found = image_mixer.logits(ARMS[name], SHAPE, parameters, given)
        assert torch.allclose(found, symmetric, rtol=0, atol=1e-12)


def test_states_begin_with_the_embedding_and_end_where_scores_are_read():
    arm, given = ARMS["para"], images()
    parameters = drawn(arm)
    states = image_mixer.states(arm, SHAPE, parameters, given)
    assert len(states) == SHAPE.blocks + 1
    assert torch.equal(states[0], image_mixer.embedded(parameters, given, SHAPE))
    assert torch.equal(
        image_mixer.read_out(parameters, states[-1]), image_mixer.logits(arm, SHAPE, parameters, given)
    )


def test_smaller_images_are_interpolated_where_that_is_asked_for_and_else_refused():
    given = images(shape=replace(SHAPE, side=4, patch=2))
    larger = replace(SHAPE, upscale=True)
    expected = interpolate(given.flatten(0, 1), size=(6, 6), mode="bilinear").view(2, 4, 2, 6, 6)
    assert torch.equal(image_mixer.patches(given, larger), image_mixer.patches(expected, SHAPE))
    assert torch.equal(image_mixer.patches(images(), larger), image_mixer.patches(images(), SHAPE))
    with pytest.raises(MixerError, match=r"2 colours, 4 rows and 4 columns .* a side of 6"):
        image_mixer.patches(given, SHAPE)


def test_patches_that_do_not_tile_are_refused():
    with pytest.raises(MixerError, match="patches of side 3 do not tile an image of side 8"):
        Shape(patch=3)


@pytest.mark.parametrize(("name", "channels"), [("vanilla", 8), ("sym", 5), ("asym", 7)])
def test_a_members_training_is_the_same_whoever_shares_its_batch(name, channels):
    """With sizes at which Torch's own GELU is taken, and others."""
    arm, shape = ARMS[name], replace(SHAPE, channels=channels, token_hidden=8, channel_hidden=8)
    pixels = images(members=1, examples=20, dtype=torch.float32)[0]
    labels = torch.arange(20) % 3

    def run(members):
        seeds = members.values("seed")
        order = epochs([torch.Generator().manual_seed(seed) for seed in seeds], 20, 8, 6)
        start = stacked([image_mixer.draw(arm, shape, torch.Generator().manual_seed(s)) for s in seeds])

        def loss(parameters, batch):
            scores = image_mixer.logits(arm, shape, parameters, batch["images"])
            return -torch.log_softmax(scores, -1).gather(-1, batch["labels"][..., None]).mean((1, 2))

        def batches(step):
            chosen = order[:, step].long()
            return {"images": pixels[chosen], "labels": labels[chosen]}

        step = GradientStep(loss, Adam(0.01, weight_decay=0.05))
        return train(members, start, step, batches, 6).parameters

    assert dependent_on_company(run, Members.grid(seed=range(5)), groups=(1, 2)) == []
