"""States are read exactly from each kind of file, and what is no state is refused in one sentence."""

import contextlib
import errno
import io
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from widthscope.dynamics.state_file import read_state
from widthscope.errors import DynamicsError

STATE = torch.arange(12, dtype=torch.float64).reshape(3, 4) / 7


def write(path: Path, **arrays: Tensor) -> Path:
    """The arrays in a file of the kind that its name says; a single one without a name where there may be."""
    match path.suffix:
        case ".npy":
            np.save(path, next(iter(arrays.values())).numpy())
        case ".npz":
            np.savez(path, **{name: array.numpy() for name, array in arrays.items()})
        case ".pt":
            torch.save(arrays if len(arrays) > 1 else next(iter(arrays.values())), path)
        case _:
            save_file(arrays, path)
    return path


def refused(path: Path, array: str | None = None) -> str:
    with pytest.raises(DynamicsError) as error:
        read_state(path, array)
    sentence = str(error.value)
    assert "\n" not in sentence
    assert not sentence.endswith(".")
    assert path.name in sentence
    return sentence


KINDS = (".npy", ".npz", ".pt", ".safetensors")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_every_kind_is_read_exactly(kind: str, dtype: torch.dtype, tmp_path: Path) -> None:
    read = read_state(write(tmp_path / f"state{kind}", x=STATE.to(dtype)))
    assert read.dtype == dtype
    assert torch.equal(read, STATE.to(dtype))


@pytest.mark.parametrize("kind", KINDS)
def test_a_single_number_keeps_its_shape(kind: str, tmp_path: Path) -> None:
    assert read_state(write(tmp_path / f"state{kind}", x=torch.tensor(0.5))).shape == ()


def test_bfloat16_other_byte_orders_and_parameters(tmp_path: Path) -> None:
    assert read_state(write(tmp_path / "a.safetensors", x=STATE.bfloat16())).dtype == torch.bfloat16
    np.save(tmp_path / "b.npy", STATE.numpy().astype(">f8"))
    assert torch.equal(read_state(tmp_path / "b.npy"), STATE)
    np.save(tmp_path / "c.npy", np.asfortranarray(STATE.numpy()))
    assert torch.equal(read_state(tmp_path / "c.npy"), STATE)
    torch.save(torch.nn.Parameter(STATE), tmp_path / "d.pt")
    assert not read_state(tmp_path / "d.pt").requires_grad


@pytest.mark.parametrize("kind", [".npz", ".pt", ".safetensors"])
def test_one_of_several_arrays_is_named(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"state{kind}", first=STATE, second=STATE + 1)
    assert torch.equal(read_state(path, "second"), STATE + 1)
    assert "holds 2 arrays, first, second; name the state by --array" in refused(path)
    assert "holds no array 'secnd'; did you mean second?" in refused(path, "secnd")


def test_a_name_where_there_is_none(tmp_path: Path) -> None:
    assert "leave out --array x" in refused(write(tmp_path / "s.npy", x=STATE), "x")
    assert "no array 'y'; it has x" in refused(write(tmp_path / "s.npz", x=STATE), "y")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("state", "says"),
    [
        (torch.arange(3), "numbers of type int64; a state is of float64, float32, float16 or bfloat16"),
        (torch.ones(3, dtype=torch.bool), "numbers of type bool"),
        (torch.ones(3, dtype=torch.complex64), "numbers of type complex64"),
        (torch.empty(0, 3), "is empty: its shape is (0, 3)"),
        (torch.tensor([[1.0, float("nan")]]), "is NaN at index (0, 1) (1 of its 2 numbers are not finite)"),
        (torch.tensor(float("inf")), "is infinite (1 of its 1 numbers"),
    ],
)
def test_arrays_that_are_no_state(kind: str, state: Tensor, says: str, tmp_path: Path) -> None:
    assert says in refused(write(tmp_path / f"state{kind}", x=state))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 0.99])
def test_a_file_that_was_cut_off(kind: str, share: float, tmp_path: Path) -> None:
    path = write(tmp_path / f"state{kind}", x=torch.ones(40, 40))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    says = "is empty" if share == 0 else "damaged, cut off or of another kind"
    assert says in refused(path)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_bytes_end_in_a_state_or_in_a_sentence(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / f"state{kind}", x=torch.ones(4, 4))
    whole, generator = path.read_bytes(), random.Random(0)
    for _ in range(200):
        damaged = bytearray(whole)
        damaged[generator.randrange(len(whole))] = generator.randrange(256)
        path.write_bytes(damaged)
        with contextlib.suppress(DynamicsError):  # and nothing else
            read_state(path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_another_kind(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"state{kind}"
    path.write_text("0.1 0.2 0.3, these are numbers as text, and enough of them to look like a header")
    assert "damaged, cut off or of another kind" in refused(path)


class Executed:
    """Writes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return exec, (f"open({str(self.marker)!r}, 'w').close()",)


@pytest.mark.parametrize("kind", [".npy", ".npz", ".pt"])
def test_nothing_in_a_file_is_executed(kind: str, tmp_path: Path) -> None:
    path, marker = tmp_path / f"state{kind}", tmp_path / "executed"
    payload = np.array([Executed(marker)], dtype=object)
    if kind == ".npy":
        np.save(path, payload, allow_pickle=True)
    elif kind == ".npz":
        np.savez(path, x=payload)
    else:
        torch.save(Executed(marker), path)
    assert "nothing in it was executed" in refused(path)
    assert not marker.exists()
    pickle.loads(pickle.dumps(Executed(marker)))
    assert marker.exists()  # the payload was live


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ([STATE], "holds an object of type list; a state is one tensor"),
        ({"epoch": 3}, "holds no tensor at the top level of its dictionary, which has epoch;"),
        ({"model": {"x": STATE}}, "holds no tensor at the top level of its dictionary, which has model;"),
        ({}, "holds no array"),
        (torch.zeros(1, dtype=torch.float64).expand(10**13), "takes 160 TB of memory to read, and"),
        (STATE.to_sparse(), "no dense tensor of plain numbers"),
        (STATE.to("meta"), "no dense tensor of plain numbers"),
    ],
)
def test_torch_files_of_something_else(value: object, says: str, tmp_path: Path) -> None:
    torch.save(value, tmp_path / "state.pt")
    assert says in refused(tmp_path / "state.pt")


def test_paths_that_lead_nowhere(tmp_path: Path) -> None:
    write(tmp_path / "state.npy", x=STATE)
    assert f"did you mean {tmp_path / 'state.npy'}?" in refused(tmp_path / "sate.npy")
    assert "does not exist" in refused(tmp_path / "nowhere" / "state.npy")
    (tmp_path / "folder.npy").mkdir()
    assert "is a folder" in refused(tmp_path / "folder.npy")
    (tmp_path / "state.txt").write_text("1")
    assert "ends in .txt; a state is read from .npy, .npz, .pt, .pth, .safeten" in refused(
        tmp_path / "state.txt"
    )
    (tmp_path / "state").write_text("1")
    assert "has no ending" in refused(tmp_path / "state")


def test_an_archive_without_arrays(tmp_path: Path) -> None:
    np.savez(tmp_path / "state.npz")
    assert "holds no array" in refused(tmp_path / "state.npz")


def test_a_header_that_claims_more_than_the_file_holds(tmp_path: Path) -> None:
    with (tmp_path / "state.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f8", "fortran_order": False, "shape": (10**9, 10**4)}
        )
        file.write(bytes(80))
    assert "damaged, cut off" in refused(tmp_path / "state.npy")


def claiming(shape: tuple[int, ...], numbers: int) -> bytes:
    """A .npy file whose header claims a shape, and that holds so many numbers."""
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue() + bytes(8 * numbers)


@pytest.mark.parametrize("numbers", [0, 10])
def test_an_archive_whose_header_claims_more_than_it_holds(numbers: int, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "state.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", claiming((10**13,), numbers))
    assert "damaged, cut off" in refused(tmp_path / "state.npz")


def test_of_an_archive_only_the_chosen_array_is_unpacked(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "sound.npz", x=STATE.numpy(), y=STATE.numpy())
    assert torch.equal(read_state(tmp_path / "sound.npz", "x"), STATE)
    with zipfile.ZipFile(tmp_path / "state.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", claiming((3,), 3))
        archive.writestr("torn.npy", claiming((3,), 2))
        archive.writestr("note.txt", "no array")
    assert torch.equal(read_state(tmp_path / "state.npz", "x"), torch.zeros(3, dtype=torch.float64))
    assert "damaged, cut off" in refused(tmp_path / "state.npz", "torn")
    assert "damaged, cut off" in refused(tmp_path / "state.npz", "note.txt")


def test_an_array_beyond_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("widthscope.spectra.dense_memory.available_bytes", lambda: 191)
    for kind in KINDS:
        says = refused(write(tmp_path / f"state{kind}", x=STATE))
        assert says.endswith("takes 192 bytes of memory to read, and 191 bytes are available")


def test_a_view_that_fits_is_read(tmp_path: Path) -> None:
    torch.save(torch.ones(1).expand(5), tmp_path / "state.pt")
    assert torch.equal(read_state(tmp_path / "state.pt"), torch.ones(5))


def test_what_the_system_refuses_is_not_called_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    path = write(tmp_path / "state.npy", x=STATE)
    monkeypatch.setattr(Path, "open", denied)
    assert refused(path).endswith("state.npy cannot be read: Permission denied")
