"""What `widthscope jacobian` prints and writes, its one sentence for what is wrong, and its examples."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from widthscope.cli import app

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
SHORT = ("--long-steps", "40", "--warm-up", "10", "--count", "3")

MODEL = """
import torch
W = torch.linspace(-1, 1, 16, dtype=torch.float64).reshape(4, 4) / 2
def step(state):
    return torch.tanh(state @ W + 0.1)
def doubles(state):
    return 2 * state
def cut(state):
    return state[:-1]
def noisy(state):
    return state + torch.randn_like(state)
def cubes(state):
    return state**3
def numpy(state):
    return state.numpy()
def ends(state):
    raise SystemExit(0)
def hungry(state):
    raise MemoryError
def large(state):
    return 0.5 * torch.tanh(state)
"""


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["jacobian", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.py").write_text(MODEL)
    random = np.random.default_rng(0)
    np.save(folder / "state.npy", random.standard_normal(4))
    np.save(folder / "whole.npy", np.arange(4))
    np.savez(folder / "several.npz", first=random.standard_normal(4), second=np.ones(4))
    np.save(folder / "states.npy", random.standard_normal((3, 4)))
    np.save(folder / "large.npy", np.ones(300_000))
    (folder / "torn.npy").write_bytes((folder / "state.npy").read_bytes()[:-9])
    return folder


def test_prints_the_numbers_of_a_state(folder: Path) -> None:
    status, text, said = run(f"{folder}/own.py:step", f"{folder}/state.npy", *SHORT)
    assert status == 0
    assert said == ""
    assert "n = 4, computed in float64" in text
    assert "eigenvalues of the Jacobian, the 3 of largest modulus" in text
    assert "finite time, T = 16  converged  long run, 40 steps" in text
    assert "distance from criticality\n|long-run exponent|" in text
    assert "chaos" not in text


def test_writes_csv_and_figures(folder: Path, tmp_path: Path) -> None:
    status, text, said = run(
        f"{folder}/own.py:step", f"{folder}/states.npy", "--batched", *SHORT,
        "--csv", str(tmp_path / "numbers.csv"), "--figures", str(tmp_path / "figures"),
    )  # fmt: skip
    assert status == 0
    assert "state        3 states of shape (4,): n = 4" in text
    rows = list(csv.DictReader((tmp_path / "numbers.csv").open()))
    assert {row["state"] for row in rows} == {"0", "1", "2"}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "eigenvalues.svg",
        "exponents.svg",
        "figures.json",
    }
    assert "numbers.csv" in said
    assert "wrote 2 figures" in said


def test_the_route_and_the_array_are_as_asked_for(folder: Path) -> None:
    text = run(f"{folder}/own.py:step", f"{folder}/several.npz", "--array", "first", "--matrix-free", *SHORT)[
        1
    ]
    assert "matrix-free (Arnoldi, Golub-Kahan); as asked for" in text


@pytest.mark.parametrize(
    ("function", "state", "arguments", "says"),
    [
        ("own.py:setp", "state.npy", (), "has no function 'setp'; did you mean step?"),
        ("onw.py:step", "state.npy", (), "own.py?"),
        ("own.py", "state.npy", (), "names no function; write MODULE:FUNCTION"),
        ("own.py:W", "state.npy", (), "own.py:W is of type Tensor and cannot be called with a state"),
        ("own.py:step", "sate.npy", (), "state.npy?"),
        ("own.py:step", "torn.npy", (), "damaged, cut off or of another kind"),
        ("own.py:step", "whole.npy", (), "holds numbers of type int64"),
        ("own.py:step", "several.npz", (), "holds 2 arrays, first, second; name the state by --array"),
        ("own.py:cut", "state.npy", (), "turns a state of shape (4,) into one of shape (3,)"),
        ("own.py:noisy", "state.npy", (), "is not deterministic"),
        ("own.py:ends", "state.npy", (), "which would end the process"),
        ("own.py:hungry", "state.npy", (), "MemoryError"),
        ("own.py:step", "state.npy", ("--csv", "/nowhere/at/all.csv"), "there is no folder /nowhere/at"),
        ("own.py:step", "state.npy", ("--csv", "/"), "--csv /: it is a folder; name a file in it"),
        ("own.py:step", "state.npy", ("--figures", "/dev/null/a"), "--figures /dev/null/a: /dev/null is no"),
        ("own.py:numpy", "state.npy", (), "returns a NumPy ndarray"),
        ("own.py:doubles", "state.npy", ("--steps", "2000"), "numbers that are infinite at step 102"),
        ("own.py:step", "state.npy", ("--dense", "--matrix-free"), "--dense and --matrix-free exclude each"),
        ("own.py:step", "missing.npy", (), "missing.npy does not exist"),
        ("own.py:step", "torn.npy", (), "torn.npy is not a sound .npy file of NumPy: it is damaged"),
        ("own.py:large", "large.npy", ("--dense",), "--dense needs 2.88 TB of memory for the Jacobian"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_sentence(
    folder: Path, function: str, state: str, arguments: tuple[str, ...], says: str
) -> None:
    status, text, said = run(f"{folder}/{function}", f"{folder}/{state}", *arguments)
    assert status == 2
    assert text == ""
    assert said.startswith("widthscope: ")
    assert says in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("own.py", "it is the module"),
        ("state.npy", "it is the state file"),
        ("states.npy", "it is there already, and is no table of this command; name another"),
    ],
)
def test_only_an_earlier_table_is_written_over(folder: Path, name: str, says: str) -> None:
    before = (folder / name).read_bytes()
    status, text, said = run(f"{folder}/own.py:step", f"{folder}/state.npy", "--csv", str(folder / name))
    assert (status, text) == (2, "")
    assert said == f"widthscope: cannot write --csv {folder / name}: {says}\n"
    assert (folder / name).read_bytes() == before


def test_the_module_is_known_by_its_name_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    assert "it is the module" in run("own:step", "state.npy", "--csv", "./own.py")[2]


def test_an_earlier_table_and_an_empty_file_are_written_over(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    table.touch()
    for _ in range(2):
        assert run(f"{folder}/own.py:step", f"{folder}/state.npy", *SHORT, "--csv", str(table))[0] == 0
    assert table.read_text().startswith("state,place,quantity,")


@pytest.mark.parametrize(
    "arguments", [("--steps", "0"), ("--long-steps", "3"), ("--count", "0"), ("--densse",)]
)
def test_options_out_of_range(folder: Path, arguments: tuple[str, ...]) -> None:
    status, text, said = run(f"{folder}/own.py:step", f"{folder}/state.npy", *arguments)
    assert status == 2
    assert text == ""
    assert arguments[0] in said
    assert "Traceback" not in said


def test_a_file_that_cannot_be_written_is_one_sentence(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    csv_file = str(tmp_path / "taken" / "t.csv")
    status, _, said = run(f"{folder}/own.py:step", f"{folder}/state.npy", *SHORT, "--csv", csv_file)
    assert status == 2
    assert said.count("widthscope: ") == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("recurrent_attention.py:step", "tokens.pt"), "(12, 32): n = 384"),
        (("echo_state.py:step", "states.npy", "--batched"), "8 states of shape (200,)"),
    ],
)
def test_the_examples_of_the_documentation_run(arguments: tuple[str, ...], says: str, tmp_path: Path) -> None:
    file, function = arguments[0].split(":")
    subprocess.run([sys.executable, EXAMPLES / file], cwd=tmp_path, check=True)
    status, text, said = run(
        f"{EXAMPLES / file}:{function}", str(tmp_path / arguments[1]), *arguments[2:], *SHORT, "--matrix-free"
    )
    assert (status, said) == (0, "")
    assert says in text


def test_what_cannot_be_written_is_told_before_the_analysis(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("widthscope.dynamics.outputs.os.access", lambda _, mode: not mode & os.W_OK)
    for option in (("--csv", str(tmp_path / "t.csv")), ("--figures", str(tmp_path / "new"))):
        status, text, said = run(f"{folder}/own.py:ends", f"{folder}/state.npy", *option)
        assert (status, text) == (2, "")
        assert f"there is no permission to write in {tmp_path}" in said
    assert list(tmp_path.iterdir()) == []
