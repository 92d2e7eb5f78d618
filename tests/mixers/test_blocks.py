"""Blocks against loops over examples, and against energies by autograd, in float64."""

from itertools import product

import pytest
import torch
from torch.nn.functional import gelu as torch_gelu

from widthscope.ensembles.parameters import stacked
from widthscope.mixers import activations, tied
from widthscope.mixers.designs import ARMS, Arm, MixerError, Shape
from widthscope.mixers.normalisation import EPS, joint, per_token
from widthscope.mixers.parallel import Couplings, block, update

MEMBERS, TOKENS, EXAMPLES, CHANNELS, TOKEN_HIDDEN, CHANNEL_HIDDEN = 3, 4, 5, 6, 7, 8


def normal(*sizes, seed=0):
    return torch.randn(*sizes, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.fixture
def x():
    return normal(MEMBERS, TOKENS, EXAMPLES, CHANNELS, seed=1) + 0.3


@pytest.fixture
def free():
    return Couplings(
        normal(MEMBERS, TOKEN_HIDDEN, TOKENS, seed=2),
        normal(MEMBERS, TOKENS, TOKEN_HIDDEN, seed=3),
        normal(MEMBERS, CHANNEL_HIDDEN, CHANNELS, seed=4),
        normal(MEMBERS, CHANNELS, CHANNEL_HIDDEN, seed=5),
    )


def normalised(table):
    """LN of one table (S, C), as it is written."""
    centred = table - table.mean()
    return centred / torch.sqrt((centred**2).mean() + EPS)


def by_hand(x, couplings, phi, order):
    """One table after the other."""
    found = torch.empty_like(x)
    for member, example in product(range(x.shape[0]), range(x.shape[2])):
        token, token_back, channel, channel_back = (matrix[member] for matrix in couplings)
        table = x[member, :, example]
        g = normalised(table)
        if order == "serial":
            table = table + token_back @ phi(token @ g)
            g = normalised(table)
            found[member, :, example] = table + phi(g @ channel.T) @ channel_back.T
        else:
            mixed = token_back @ phi(token @ g) + phi(g @ channel.T) @ channel_back.T
            found[member, :, example] = table + mixed
    return found


@pytest.mark.parametrize("order", ["serial", "parallel"])
@pytest.mark.parametrize("name", ["gelu", "relu"])
def test_blocks_are_what_a_loop_over_tables_gives(x, free, order, name):
    phi = {"gelu": torch_gelu, "relu": torch.relu}[name]
    found = block(x, free, activations.ACTIVATIONS[name], order)
    assert torch.allclose(found, by_hand(x, free, phi, order), rtol=0, atol=1e-12)


def test_serial_and_parallel_differ_and_agree_without_the_token_branch(x, free):
    serial, parallel = (block(x, free, torch.relu, order) for order in ("serial", "parallel"))
    assert (serial - parallel).abs().max() > 0.1
    channels_alone = free._replace(token_back=torch.zeros_like(free.token_back))
    serial, parallel = (block(x, channels_alone, torch.relu, order) for order in ("serial", "parallel"))
    assert torch.allclose(serial, parallel, rtol=0, atol=1e-13)


def energy_gradient(g, forward):
    """Of minus the sum of squared positive parts, halved: the energy's part that has couplings."""
    g = g.clone().requires_grad_()
    token, _, channel, _ = forward
    spatial = torch.einsum("mhs,msec->mhec", token, g)
    channels = torch.einsum("mhc,msec->mseh", channel, g)
    energy = -(spatial.relu() ** 2).sum() / 2 - (channels.relu() ** 2).sum() / 2
    return torch.autograd.grad(energy, g)[0]


def test_tied_updates_descend_the_energy_anti_tied_ones_ascend_it_and_free_ones_do_neither(x, free):
    parameters = {"token": free.token[:, None], "channel": free.channel[:, None]}
    g = joint(x)
    downhill = -energy_gradient(g, free)
    for arm, expected in ((ARMS["sym"], downhill), (ARMS["neg"], -downhill)):
        (couplings,) = tied.couplings(arm, parameters)
        assert torch.allclose(update(g, couplings, torch.relu), expected, rtol=0, atol=1e-12)
    assert (update(g, free, torch.relu) - downhill).abs().max() > 0.1


def test_joint_normalisation_is_over_tokens_and_channels_together(x):
    found = joint(x)
    together = x.transpose(1, 2).flatten(2)
    expected = torch.nn.functional.layer_norm(together, together.shape[-1:], eps=EPS)
    assert torch.allclose(found.transpose(1, 2).flatten(2), expected, rtol=0, atol=1e-13)
    assert (found - per_token(x)).abs().max() > 0.1
    assert torch.allclose(joint(1000 * x), found, rtol=0, atol=1e-5)  # eps is all that has a scale


def test_joint_normalisation_has_the_derivative_that_is_written_out(x):
    leaf = x[:2, :3, :2, :4].clone().requires_grad_()
    assert torch.autograd.gradcheck(joint, (leaf,))
    assert torch.autograd.gradcheck(lambda v: joint(v, eps=0.5), (leaf,))


def test_a_constant_table_is_normalised_to_zero():
    table = torch.full((1, 2, 1, 3), 7.0, dtype=torch.float64, requires_grad=True)
    assert torch.equal(joint(table), torch.zeros_like(table))
    (gradient,) = torch.autograd.grad(joint(table).square().sum(), table)
    assert torch.equal(gradient, torch.zeros_like(gradient))


@pytest.mark.parametrize("numbers", [63, 64, 65, 128])
def test_gelu_is_torchs_own_and_no_member_sees_another(numbers):
    x = normal(5, numbers).float()
    found = activations.gelu(x)
    assert torch.allclose(found, torch_gelu(x), rtol=1e-6, atol=1e-6)
    for members in (1, 2, 3):
        assert torch.equal(activations.gelu(x[:members].clone()), found[:members])


@pytest.mark.parametrize("name", ARMS)
def test_drawn_matrices_are_tied_as_the_arm_says(name):
    arm, shape = ARMS[name], Shape(blocks=2, channels=6, token_hidden=5, channel_hidden=7)
    parameters = stacked(
        [tied.draw(arm, shape, torch.Generator().manual_seed(seed)) for seed in (0, 1)], dtype=torch.float64
    )
    assert sum(value[0].numel() for value in parameters.values()) == shape.mixing_weights(arm)
    for place, couplings in enumerate(tied.couplings(arm, parameters)):
        pairs = [couplings[:2], couplings[2:]]
        for (forward, backward), pair in zip(pairs, tied.PAIRS, strict=True):
            assert torch.equal(forward, parameters[pair][:, place])
            limit = (6 / sum(forward.shape[1:])) ** 0.5
            assert 0.8 * limit < forward.abs().max() <= limit
            if name in ("sym", "sym2", "parasym"):
                assert torch.equal(backward, forward.mT)
            elif name == "neg":
                assert torch.equal(backward, -forward.mT)
            elif name == "asym":
                assert torch.equal(backward - forward.mT != 0, torch.ones_like(backward, dtype=torch.bool))
    assert ARMS["sym2"].widening == 2


def test_arms_of_one_seed_share_their_forward_matrices():
    shape = Shape(blocks=2)
    drawn = {name: tied.draw(arm, shape, torch.Generator().manual_seed(3)) for name, arm in ARMS.items()}
    for name in ("vanilla", "sym", "asym", "parasym", "neg"):
        for pair in tied.PAIRS:
            assert torch.equal(drawn[name][pair], drawn["para"][pair])
    assert drawn["sym2"]["token"].shape == (2, 64, 16)


def test_the_penalty_is_the_sum_of_squares_of_what_is_added():
    arm, shape = Arm(backward="added"), Shape(blocks=3)
    members = [tied.draw(arm, shape, torch.Generator().manual_seed(seed)) for seed in (0, 1)]
    expected = [
        sum(float(block.square().sum()) for pair in tied.PAIRS for block in member[f"{pair}_back"])
        for member in members
    ]
    assert tied.breaking(stacked(members, dtype=torch.float64)).tolist() == pytest.approx(expected)


def test_an_order_that_does_not_exist_is_no_serial_block(x, free):
    with pytest.raises(MixerError, match="'paralel' must be 'serial' or 'parallel'"):
        block(x, free, torch.relu, "paralel")


def test_tables_and_matrices_that_do_not_fit_are_refused_by_name(x, free):
    def refused(match, x=x, **replaced):
        for order in ("serial", "parallel"):
            with pytest.raises(MixerError, match=match):
                block(x, free._replace(**replaced), torch.relu, order)

    refused(r"\(member, token, example, channel\), not \(4, 5, 6\); a single member has", x=x[0])
    refused(r"token needs shape \(member, hidden, 5\) for 3 members and 5 tokens", x=x.transpose(1, 2))
    refused(r"token needs shape \(member, hidden, 4\).*not \(7, 4\)", token=free.token[0])
    refused(r"token_back needs shape \(member, 4, hidden\).*not \(3, 7, 4\)", token_back=free.token)
    refused(r"channel needs shape \(member, hidden, 6\)", channel=free.channel[..., :5])
    refused("for 3 members", channel_back=free.channel_back[:2])
    refused("token and token_back have 7 and 6 hidden units", token_back=free.token_back[..., :6])
    refused("channel is torch.float32 and its tables are torch.float64", channel=free.channel.float())


def test_matrices_of_one_member_serve_all(x, free):
    one = Couplings(*(matrix[:1] for matrix in free))
    alike = Couplings(*(matrix[:1].expand_as(matrix) for matrix in free))
    assert torch.equal(block(x, one, torch.relu, "parallel"), block(x, alike, torch.relu, "parallel"))
