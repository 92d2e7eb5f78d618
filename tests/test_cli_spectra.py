"""What `widthscope spectra` prints and writes, and its one sentence for what cannot be read."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from typer.testing import CliRunner

from widthscope.cli import app

WIDTH, HEADS = 32, 4


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["spectra", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of GPT-2's names; the keys of the second are its queries."""
    random = np.random.default_rng(0)
    tensors = {}
    for layer in range(2):
        fused = random.standard_normal((WIDTH, 3 * WIDTH)) / np.sqrt(WIDTH)
        if layer == 1:
            fused[:, WIDTH : 2 * WIDTH] = fused[:, :WIDTH]
        tensors[f"h.{layer}.attn.c_attn.weight"] = fused.astype(np.float32)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    save_file(tensors, path)
    return path


def test_prints_layers_and_the_heads_worth_a_look(model: Path) -> None:
    status, text, _ = run(str(model), "--heads", "4")
    assert status == 0
    assert "layout      gpt2" in text
    assert "4 of dimension 8 in each layer" in text
    rows = [line.split() for line in text.splitlines() if line.startswith("h.")]
    assert [row[:3] for row in rows] == [["h.0", "4", "0"], ["h.1", "4", "4"]]
    assert "h.1 head" in text.split("worth a look")[1]


def test_heads_against_the_config_are_taken_and_said(model: Path, tmp_path: Path) -> None:
    shutil.copy(model, tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2", "n_head": 4, "n_embd": 32}')
    told = "config.json says 4 heads; 8 were asked for and taken"
    assert f"8 of dimension 4 in each layer ({told})" in run(str(tmp_path), "--heads", "8")[1]
    assert "config.json" not in run(str(tmp_path), "--heads", "4")[1]


def test_all_prints_every_head(model: Path) -> None:
    _, text, _ = run(str(model), "--heads", "4", "--all")
    rows = [line.split()[:2] for line in text.splitlines() if line.startswith("h.")]
    assert rows == [[f"h.{layer}", str(head)] for layer in range(2) for head in range(4)]


def test_writes_csv_and_figures(model: Path, tmp_path: Path) -> None:
    status, _, said = run(
        str(model), "--heads", "4", "--csv", str(tmp_path / "t.csv"), "--figures", str(tmp_path / "figures")
    )
    assert status == 0
    rows = list(csv.DictReader((tmp_path / "t.csv").open()))
    assert [float(row["trace_score"]) > 5 for row in rows] == [False] * 4 + [True] * 4
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "figures.json",
        "heads.svg",
        "notable.svg",
        "spectrum.svg",
    }
    assert "t.csv" in said
    assert "3 figures" in said


def test_a_pattern_reads_what_has_no_known_names(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    save_file(
        {
            f"net.{layer}.{name}": random.standard_normal((WIDTH, WIDTH)).astype(np.float32)
            for layer in range(2)
            for name in ("ask", "answer")
        },
        tmp_path / "odd.safetensors",
    )
    names = ("--query", "net.{layer}.ask", "--key", "net.{layer}.answer")
    status, text, _ = run(str(tmp_path / "odd.safetensors"), "--heads", "2", *names)
    assert status == 0
    assert "2 of dimension 16" in text


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--heads", "0"), "in the options, heads is 0"),
        (("--layout", "gtp2"), "did you mean 'gpt2'?"),
        (("--heads", "5"), "5"),
        ((), "heads"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(model: Path, arguments: tuple[str, ...], says: str) -> None:
    status, text, said = run(str(model), *arguments)
    assert status == 2
    assert text == ""
    assert said.startswith("widthscope: ")
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    status, _, said = run(str(tmp_path / "nothing.pt"))
    assert status == 2
    assert "nothing.pt does not exist" in said


def test_a_folder_that_cannot_be_written_is_one_sentence(model: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    status, _, said = run(str(model), "--heads", "4", "--csv", str(tmp_path / "taken" / "t.csv"))
    assert status == 2
    assert said.count("widthscope: ") == 1
    assert "Traceback" not in said
