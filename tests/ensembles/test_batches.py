import pytest
import torch

from widthscope.ensembles.batches import Fresh, Minibatches, OwnMinibatches, Windows, choices, epochs
from widthscope.ensembles.members import Members

MEMBERS = Members.grid(arm=("a", "b"), seed=range(3))


def test_an_epoch_shows_every_example_once():
    order = epochs(MEMBERS.generators("data"), examples=12, batch=4, steps=7)
    assert order.shape == (6, 7, 4)
    for member in order:
        assert sorted(member[:3].flatten().tolist()) == list(range(12))
        assert sorted(member[3:6].flatten().tolist()) == list(range(12))


@pytest.mark.parametrize("draw", [epochs, choices])
def test_an_order_depends_on_the_stream_alone(draw):
    order = draw(MEMBERS.generators("data"), 50, 8, 20)
    assert torch.equal(order[0], order[3])  # arms of one seed
    assert not torch.equal(order[0], order[1])
    fewer = MEMBERS.take([4])
    assert torch.equal(draw(fewer.generators("data"), 50, 8, 20)[0], order[4])
    # More steps only extend it: a longer run begins like a shorter one.
    assert torch.equal(draw(MEMBERS.generators("data"), 50, 8, 33)[:, :20], order)
    assert order.min() >= 0
    assert order.max() < 50


def test_a_batch_larger_than_the_data_is_refused():
    with pytest.raises(ValueError, match="batch of 8 needs as many examples, and there are 7"):
        epochs(MEMBERS.generators("data"), 7, 8, 1)


def test_minibatches_are_the_ordered_examples():
    examples = {"x": torch.arange(40.0).reshape(20, 2), "y": torch.arange(20)}
    order = choices(MEMBERS.generators("data"), 20, 5, 4)
    batch = Minibatches(examples, order)(3)
    for member in range(6):
        chosen = order[member, 3].long()
        assert torch.equal(batch["x"][member], examples["x"][chosen])
        assert torch.equal(batch["y"][member], examples["y"][chosen])


def test_members_with_sets_of_their_own_see_what_minibatches_of_each_set_show():
    examples = {"x": torch.arange(60.0).reshape(3, 10, 2), "y": torch.arange(30).reshape(3, 10)}
    sets = torch.tensor(MEMBERS.values("seed"))
    order = choices(MEMBERS.generators("data"), 10, 4, 5)
    batch = OwnMinibatches(examples, order, sets)(2)
    assert batch["x"].shape == (6, 4, 2)
    for member, own in enumerate(sets):
        alone = Minibatches({name: values[own] for name, values in examples.items()}, order[[member]])(2)
        for name, values in alone.items():
            assert torch.equal(batch[name][member], values[0])
    shared = OwnMinibatches(examples, order[:3], sets, orders=sets)(2)  # both arms have the seed's order
    assert all(torch.equal(shared[name], batch[name]) for name in examples)
    first = OwnMinibatches(examples, order[:3])(2)
    assert all(torch.equal(first[name], batch[name][:3]) for name in examples)


def test_members_without_an_order_see_their_whole_set():
    examples = {"x": torch.arange(12.0).reshape(2, 3, 2)}
    assert OwnMinibatches(examples)(7)["x"] is examples["x"]
    twice = OwnMinibatches(examples, sets=torch.tensor([1, 1, 0]))(0)["x"]
    assert torch.equal(twice, examples["x"][[1, 1, 0]])


def test_windows_predict_the_next_symbol():
    text = (torch.arange(100) % 7).to(torch.uint8)
    positions = Windows.positions(100, 6)
    order = choices(MEMBERS.generators("data"), positions, 4, 9)
    order[0, 2] = torch.tensor([0, positions - 1, 50, 51])
    batch = Windows(text, order, 6)(2)
    assert batch["tokens"].shape == batch["targets"].shape == (6, 4, 6)
    assert torch.equal(batch["tokens"][..., 1:], batch["targets"][..., :-1])
    assert torch.equal(batch["targets"][0, 1], text[94:].long())  # the very last symbol is reached


def test_a_text_without_a_window_is_refused():
    with pytest.raises(ValueError, match="more than 6 characters"):
        Windows.positions(6, 6)


def fresh(members=MEMBERS, block=4):
    return Fresh(lambda g: {"x": torch.randn(3, 2, generator=g)}, members, ("study", "data"), block=block)


def test_fresh_data_depend_on_stream_and_step_alone():
    in_order = fresh()
    drawn = [in_order(step)["x"] for step in range(11)]
    assert drawn[0].shape == (6, 3, 2)
    for step in (10, 3, 4, 4, 0, 7):  # any step, in any order, again
        assert torch.equal(fresh()(step)["x"], drawn[step])
    jumping = fresh()
    for step in (7, 8, 2, 3, 4, 9):
        assert torch.equal(jumping(step)["x"], drawn[step])
    assert torch.equal(fresh(MEMBERS.take([5, 1]))(6)["x"], drawn[6][[5, 1]])
    flat = torch.stack(drawn)[:, :3].flatten(1)
    assert len({tuple(row.tolist()) for row in flat}) == 11  # no step repeats another


def test_members_of_one_stream_see_the_same_fresh_data():
    batch = fresh()(5)["x"]
    assert torch.equal(batch[:3], batch[3:])
    assert not torch.equal(batch[0], batch[1])
