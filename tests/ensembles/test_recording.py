import numpy as np
import pytest
import torch
from tests.ensembles.small_training import SEEDS, STEPS, trained

from widthscope import store
from widthscope.ensembles import recording
from widthscope.ensembles.members import Members
from widthscope.ensembles.recording import Recorder, Recording, even_steps, parameters_at
from widthscope.ensembles.spool import Spool
from widthscope.errors import StoreError
from widthscope.work import Work

MEMBERS = Members.grid(arm=("a", "b"), seed=(4, 7))
ALIVE = torch.ones(4, dtype=torch.bool)


def test_recorded_parameters_are_those_of_their_step():
    found = trained(SEEDS, steps=10)
    fewer = trained(SEEDS, steps=6)
    assert found.history["step"].values.tolist() == [0, 2, 4, 6, 8, 10]
    assert found.history["first"].dims == ("member", "step", "unit", "input")
    assert np.array_equal(found.history["first"][:, -1], found.parameters["first"])
    assert np.array_equal(found.history["first"].sel(step=6), fewer.parameters["first"])
    assert found.history["norm"].dims == ("member", "measured")
    assert found.history["loss"].shape == (17, 10)
    assert found.history["seed"].dims == ("member",)


def test_spooled_in_memory_and_lazy_records_are_equal(tmp_path, monkeypatch):
    expected = trained(SEEDS).history
    spooled = trained(SEEDS, work=Work(unfinished=tmp_path), name="spooled").history
    assert spooled.identical(expected)
    monkeypatch.setattr(recording, "LAZY_BYTES", 0)
    lazy = trained(SEEDS, work=Work(unfinished=tmp_path), name="lazy").history
    assert lazy["first"].chunks is not None
    assert lazy.identical(expected)
    for name, history in {"memory": expected, "lazy": lazy}.items():
        store.write(history, tmp_path / f"{name}.zarr", tmp_path / f"{name}.json")
    assert (tmp_path / "memory.json").read_text() == (tmp_path / "lazy.json").read_text()


def test_a_large_lazy_array_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr("widthscope.ensembles.spool.CHUNK_BYTES", 2 * 8 * 10)
    spool = Spool(tmp_path / "a.npy", (7, 10), np.dtype("float64"), lazy_above=0)
    rows = np.arange(70.0).reshape(7, 10)
    for place in reversed(range(7)):
        spool.write(place, rows[place])
    values = spool.values()
    assert values.chunks == ((2, 2, 2, 1), (10,))
    assert np.array_equal(values.compute(), rows)


def test_a_spool_keeps_what_an_earlier_run_wrote_unless_its_shape_differs(tmp_path):
    path, kind = tmp_path / "a.npy", np.dtype("float32")
    Spool(path, (3, 2), kind).write(1, np.ones(2, kind))
    assert Spool(path, (3, 2), kind).values()[1].tolist() == [1, 1]
    assert Spool(path, (4, 2), kind).values().tolist() == [[0, 0]] * 4


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with pytest.raises(StoreError, match="the disk is full"):
        Spool(tmp_path / "a.npy", (3, 2), np.dtype("float32"))


def test_even_steps_begin_and_end_where_they_should():
    assert even_steps(10, 4) == (0, 2, 5, 8, 10)
    assert even_steps(3, 10) == (0, 1, 2, 3)
    assert even_steps(STEPS, 1) == (0, STEPS)


def test_parameters_are_recorded_in_float32():
    recorder = Recorder([parameters_at((0,), {"w": ("unit",)}, {"unit": [5, 6]})], MEMBERS)
    recorder.record(0, {"w": torch.randn(4, 2, dtype=torch.float64)}, ALIVE)
    found = recorder.dataset()
    assert found["w"].dtype == np.float32
    assert found["unit"].values.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (torch.ones(4, 2, dtype=torch.int64), "dtype int64; it needs a floating dtype"),
        (torch.ones(4), r"shape \(4,\)"),
        (torch.ones(3, 2), "the first of 4 members"),
    ],
)
def test_what_cannot_be_recorded_is_named(value, message):
    recorder = Recorder([Recording(lambda p: {"w": value}, {"w": ("unit",)}, (0,))], MEMBERS)
    with pytest.raises(ValueError, match=message):
        recorder.record(0, {}, ALIVE)


def test_recordings_that_do_not_fit_together_are_refused():
    one = Recording(lambda p: p, {"w": ()}, (0, 1))
    with pytest.raises(ValueError, match="share a name: w, w"):
        Recorder([one, one], MEMBERS)
    with pytest.raises(ValueError, match="dimension 'step'"):
        Recorder([one, Recording(lambda p: p, {"v": ()}, (0, 2))], MEMBERS)
    with pytest.raises(ValueError, match="steps must rise"):
        Recorder([Recording(lambda p: p, {"w": ()}, (1, 0))], MEMBERS)
