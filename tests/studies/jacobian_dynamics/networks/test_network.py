"""The network against plain formulas for one input of one member, in float64."""

import math

import pytest
import torch

from widthscope.ensembles.batches import Minibatches, epochs
from widthscope.ensembles.gradient_step import GradientStep
from widthscope.ensembles.independence import dependent_on_company
from widthscope.ensembles.members import Members
from widthscope.ensembles.optimisers import Adam
from widthscope.ensembles.parameters import member_of, stacked
from widthscope.ensembles.training import train
from widthscope.errors import DataError, StudyError
from widthscope.studies.jacobian_dynamics.networks.arms import ARMS, label, rule_of
from widthscope.studies.jacobian_dynamics.networks.embedding import Cells, Patches
from widthscope.studies.jacobian_dynamics.networks.evaluation import predictions
from widthscope.studies.jacobian_dynamics.networks.loss import accuracy, cross_entropy
from widthscope.studies.jacobian_dynamics.networks.network import Network
from widthscope.studies.jacobian_dynamics.networks.patches import cut
from widthscope.studies.jacobian_dynamics.networks.readout import Readout
from widthscope.studies.jacobian_dynamics.networks.stored import parameters_of, recording

MEMBERS, BATCH, TOKENS, FEATURES, WIDTH, HEADS, CLASSES = 3, 4, 5, 4, 8, 2, 3


def network(arm, pooled=True):
    return Network(
        rule_of(arm), WIDTH, HEADS, Patches(TOKENS, FEATURES), Readout(CLASSES, channels=2, pooled=pooled)
    )


def drawn(arm, pooled=True, dtype=torch.float64):
    net, generator = network(arm, pooled), torch.Generator().manual_seed(0)
    parameters = stacked([net.initial(generator) for _ in range(MEMBERS)], dtype=dtype)
    for name in ("read_bias", "read_first_bias", "output_bias"):  # zero at the start
        parameters[name] = torch.randn(parameters[name].shape, generator=generator).to(dtype)
    patches = torch.randn(MEMBERS, BATCH, TOKENS, FEATURES, generator=generator, dtype=torch.float64)
    return net, parameters, {"patches": patches.to(dtype)}


def by_hand(arm, p, patches, steps):
    """Logits of every token for one input of one member, written out."""
    C = patches @ p["embed_patch"].T + p["embed_position"]
    X = C / C.norm(dim=-1, keepdim=True) * (math.sqrt(WIDTH) if arm == "rms" else 1)
    for _ in range(steps):
        moved = torch.zeros_like(X)
        if arm == "sym":
            A = p["query"][0].T @ p["key"][0]
            A = (A + A.T) / 2
            moved = (X @ A @ X.T / math.sqrt(WIDTH)).softmax(-1) @ X @ A
        else:
            for query, key, value, output in zip(p["query"], p["key"], p["value"], p["output"], strict=True):
                P = (X @ query.T @ key @ X.T / math.sqrt(WIDTH // HEADS)).softmax(-1)
                moved = moved + P @ X @ value.T @ output
        X = X + p["step"] * (C + moved + p["output_bias"])
        if arm != "none":
            X = p["gain"] * X / X.norm(dim=-1, keepdim=True) * (math.sqrt(WIDTH) if arm == "rms" else 1)
    y = (X @ p["read_project"].T).reshape(TOKENS, WIDTH, 2).norm(dim=-1) + p["read_bias"]
    return X, y


def read_by_hand(p, y):
    def layer(name, x):
        return x @ p[f"read_{name}"].T + p[f"read_{name}_bias"]

    r = y + layer("second", torch.relu(layer("first", torch.relu(y))))
    return layer("last", torch.relu(layer("third", torch.relu(r))))


@pytest.mark.parametrize("pooled", [True, False])
@pytest.mark.parametrize("arm", ["rms", "unit", "none", "sym"])
def test_logits_equal_the_formulas_written_out(arm, pooled):
    net, parameters, inputs = drawn(arm, pooled)
    found = net.forward(parameters, inputs, 3)
    for member in range(MEMBERS):
        for place in range(BATCH):
            p = member_of(parameters, member)
            _, y = by_hand(arm, p, inputs["patches"][member, place], 3)
            expected = read_by_hand(p, y.mean(dim=0) if pooled else y)
            torch.testing.assert_close(found[member, place], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("arm", [*ARMS, "akorn-8"])
def test_one_trajectory_passes_every_number_of_iterations(arm):
    net, parameters, inputs = drawn(arm)
    for count, logits in net.logits_over(parameters, inputs, (0, 1, 4)):
        torch.testing.assert_close(logits, net.forward(parameters, inputs, count), rtol=1e-12, atol=1e-12)
    with pytest.raises(ValueError, match="must rise"):
        next(net.logits_over(parameters, inputs, (4, 1)))


@pytest.mark.parametrize("arm", ARMS)
def test_arms_of_one_seed_share_embedding_and_readout(arm):
    one, other = (network(name).initial(torch.Generator().manual_seed(1)) for name in (arm, "rms"))
    shared = [name for name in one if name.startswith(("embed_", "read_"))]
    assert len(shared) == 12
    assert all(torch.equal(one[name], other[name]) for name in shared)


@pytest.mark.parametrize("arm", ARMS)
def test_trained_members_do_not_depend_on_their_company(arm):
    net, examples = network(arm), torch.Generator().manual_seed(2)
    stored = {
        "patches": torch.randn(40, TOKENS, FEATURES, generator=examples),
        "label": torch.randint(0, CLASSES, (40,), generator=examples),
    }

    def loss(p, batch):
        return cross_entropy(net.forward(p, batch, 3), batch["label"])

    def run(members):
        return train(
            members,
            stacked([net.initial(g) for g in members.generators("weights")]),
            GradientStep(loss, Adam(3e-3), clip=0.5),
            Minibatches(stored, epochs(members.generators("data"), 40, 7, 6)),
            6,
        ).parameters

    assert not dependent_on_company(run, Members.grid(seed=range(5)), groups=(1, 2))


def test_stored_parameters_come_back():
    net, examples = network("rms"), torch.randn(20, TOKENS, FEATURES)
    members = Members.grid(seed=range(3))
    first = stacked([net.initial(g) for g in members.generators("weights")])

    def loss(p, batch):
        return net.forward(p, batch, 2).square().mean(dim=(1, 2))

    end = train(
        members,
        first,
        GradientStep(loss, Adam(1e-2)),
        Minibatches({"patches": examples}, epochs(members.generators("data"), 20, 5, 3)),
        3,
        [recording(first, (0, 3))],
    )
    for place, expected in ((0, first), (-1, end.parameters)):
        found = parameters_of(end.history, place, dtype=torch.float32)
        assert found.keys() == expected.keys()
        assert all(torch.equal(found[name], expected[name]) for name in expected)
    assert end.history["step"].values.tolist() == [0, 3]
    doubled = recording(first, (0,), lambda p: {"only": 2 * p["step"]})
    assert torch.equal(doubled.measure(first)["parameter_only"], 2 * first["step"])


def test_predictions_are_those_of_the_logits_whatever_the_blocks(monkeypatch):
    from widthscope.studies.jacobian_dynamics.networks import evaluation

    net, parameters, inputs = drawn("rms", pooled=False)
    whole = predictions(net, parameters, inputs, (1, 2, 6))
    monkeypatch.setattr(evaluation, "BLOCK_NUMBERS", 1)
    assert torch.equal(predictions(net, parameters, inputs, (1, 2, 6)), whole)
    assert torch.equal(whole[:, :, 1], net.forward(parameters, inputs, 2).argmax(-1))


def test_a_state_that_overflows_has_no_answer():
    net, parameters, inputs = drawn("none", dtype=torch.float32)
    parameters["value"] *= 1e6
    found = predictions(net, parameters, inputs, (1, 100))
    assert (found[:, :, 0] >= 0).all()
    assert (found[:, :, 1] == -1).all()


def test_loss_and_accuracy_of_each_member():
    logits = torch.randn(2, 6, 3, 4, dtype=torch.float64)
    targets = torch.randint(0, 4, (2, 6, 3))
    for member in range(2):
        expected = torch.nn.functional.cross_entropy(logits[member].reshape(-1, 4), targets[member].flatten())
        torch.testing.assert_close(cross_entropy(logits, targets)[member], expected)
    assert torch.equal(accuracy(logits, logits.argmax(-1)), torch.ones(2, dtype=torch.float64))
    assert torch.equal(accuracy(logits, logits.argmin(-1)), torch.zeros(2, dtype=torch.float64))


@pytest.mark.parametrize(("order", "box_rows"), [(4, 2), (6, 2), (9, 3)])
def test_cells_add_digit_row_column_and_box(order, box_rows):
    cells, generator = Cells(order, box_rows), torch.Generator().manual_seed(3)
    parameters = stacked([cells.initial(generator, WIDTH) for _ in range(2)], dtype=torch.float64)
    puzzle = torch.randint(0, order + 1, (2, 3, order**2), generator=generator)
    noise = torch.randn(2, 3, order**2, WIDTH, generator=generator)
    inputs = {"puzzle": puzzle, "noise": noise}
    drive = cells.drive(parameters, inputs)
    columns = order // box_rows
    boxes = {}
    for cell in range(order**2):
        row, column = divmod(cell, order)
        box = boxes.setdefault((row // box_rows, column // columns), len(boxes))
        for member in range(2):
            p = member_of(parameters, member)
            expected = (
                p["embed_digit"][puzzle[member, 0, cell]]
                + p["embed_row"][row]
                + p["embed_column"][column]
                + p["embed_box"][box]
            )
            torch.testing.assert_close(drive[member, 0, cell], expected)
    assert len(boxes) == order
    begin = cells.begin(inputs, drive)
    assert torch.equal(begin[puzzle > 0], drive[puzzle > 0])
    assert torch.equal(begin[puzzle == 0], noise[puzzle == 0].double())


def test_patches_are_cut_row_by_row():
    images = torch.arange(2 * 3 * 4 * 6).reshape(2, 3, 4, 6).numpy()
    found = cut(images, 2)
    assert found.shape == (2, 6, 12)
    assert found[1, 4].tolist() == images[1, :, 2:4, 2:4].flatten().tolist()
    assert cut(images[:, 0], 2)[0, 1].tolist() == images[0, 0, :2, 2:4].flatten().tolist()
    with pytest.raises(DataError, match="4 by 6 pixels do not split into patches of 4"):
        cut(images, 4)


def test_unknown_arms_are_named():
    with pytest.raises(StudyError, match="nearest is 'akorn'"):
        rule_of("akron")
    assert rule_of("akorn-16").oscillator == 16
    assert label("akorn-16") == "AKOrN, $N = 16$"
    assert label("rms") == "RMS norm"
