"""What `widthscope mup` prints and writes, its exit status, and its one sentence for what is wrong."""

import csv
from pathlib import Path

import pytest
from tests.documented import EXAMPLES
from typer.testing import CliRunner

from widthscope.cli import app

SHORT = ("--widths", "16,64,256", "--seeds", "3", "--steps", "2")
SMALL = ("--widths", "8,16", "--seeds", "2", "--steps", "1")

MODEL = """
import torch
from torch import nn
def standard(width):
    hidden, readout = nn.Linear(width, width), nn.Linear(width, 4)
    return nn.Sequential(nn.Linear(6, width), nn.ReLU(), hidden, nn.ReLU(), readout)
def corrected(width, rate=0.1):
    model, growth = standard(width), width / 64
    with torch.no_grad():
        model[4].weight *= growth**-0.5
        for at in (2, 4):
            model[at].bias.zero_()
    rates = {0: growth, 2: 1, 4: 1 / growth}
    weights = [{"params": [model[at].weight], "lr": rate * factor} for at, factor in rates.items()]
    biases = [{"params": [model[at].bias], "lr": rate * (1 if at == 4 else growth)} for at in rates]
    return model, torch.optim.SGD(weights + biases)
def fixed(width):
    return standard(8)
def broken(width):
    raise SystemExit(0)
def batch(seed):
    return torch.randn(12, 6), torch.randint(4, (12,))
def real(seed):
    return torch.randn(12, 6), torch.randn(12, 4)
def distance(output, targets):
    return (output - nn.functional.one_hot(targets, 4)).abs().mean()
number = 3
"""


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["mup", *arguments])
    return result.exit_code, result.stdout, result.stderr


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("own") / "own.py"
    path.write_text(MODEL)
    return str(path)


def test_a_standard_model_ends_with_status_1_and_its_broken_layers(own: str) -> None:
    status, text, said = run(f"{own}:standard", "--optimizer", "sgd", *SHORT[:2], "--seeds", "8")
    assert (status, said) == (1, "")
    assert "training  SGD, rate 0.1, 5 steps, the same batch in each" in text
    assert "mended" not in text
    assert text.splitlines()[-1].startswith("given   broken: ")


def test_a_corrected_model_ends_with_status_0(own: str) -> None:
    status, text, _ = run(f"{own}:corrected", "--widths", "64,256,1024", "--seeds", "12", "--steps", "2")
    assert text.splitlines()[-1] == "given   passes: all 3 layers are flat"
    assert "SGD, the factory's own, rate 0.1" in text
    assert status == 0


def test_writes_csv_and_figures(own: str, tmp_path: Path) -> None:
    status, text, said = run(
        f"{own}:standard", "--mend", *SMALL, "--csv", str(tmp_path / "n.csv"),
        "--figures", str(tmp_path / "figures"),
    )  # fmt: skip
    assert status == 1
    assert "mended: slopes of every layer's output" in text
    rows = list(csv.DictReader((tmp_path / "n.csv").open()))
    assert {row["model"] for row in rows} == {"given", "mended"}
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        *("given.svg", "mended.svg", "figures.json"),
    }
    assert "wrote 2 figures" in said
    again = run(f"{own}:standard", *SMALL, "--csv", str(tmp_path / "n.csv"))
    assert again[0] == 1
    assert len(list(csv.DictReader((tmp_path / "n.csv").open()))) == len(rows) // 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--batch", "real"), "loss: mse, as targets are real numbers"),
        (("--loss", "distance"), "loss: distance"),
        (("--every",), "\n1      hidden"),
        (("--rate", "0.5"), "Adam, rate 0.5, 1 step,"),
    ],
)
def test_options(own: str, arguments: tuple[str, ...], says: str) -> None:
    assert says in run(f"{own}:standard", *SMALL, *arguments)[1]


def test_the_table_of_exponents() -> None:
    status, text, _ = run("--table")
    assert status == 0
    assert "SGD" in text
    assert "maximal update" in text
    assert run("own.py:f", "--table")[0] == 2


@pytest.mark.parametrize(
    ("function", "arguments", "says"),
    [
        (":standrad", (), "has no function 'standrad'; did you mean standard?"),
        ("/other:standard", (), "such as model.py:make or package.module:make"),
        (":number", (), ":number is an int; it must be a function of (width)"),
        (":fixed", (), "does not depend on the width"),
        (":broken", (), "raises SystemExit: 0"),
        (":standard", ("--batch", "data"), "has no function 'data'"),
        (":standard", ("--batch", "data"), "write a function data(seed), or name another by --batch"),
        (":standard", ("--loss", "distence"), "did you mean distance?"),
        (":standard", ("--widths", "64,32"), "they must increase, and 32 comes after 64"),
        (":standard", ("--widths", "wide"), "write whole numbers separated by commas"),
        (":standard", ("--optimizer", "lamb"), "--optimizer is 'lamb'; it can be sgd or adam"),
        (":standard", ("--zero-readout",), "--zero-readout is a way to mend; give --mend with it"),
        (":corrected", ("--rate", "0.1"), "brings its own optimizer, which --rate would overrule"),
        (":standard", ("--csv", "/nowhere/at/all.csv"), "there is no folder /nowhere/at"),
        (":standard", ("--figures", "/dev/null/a"), "--figures /dev/null/a: /dev/null is no"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    own: str, function: str, arguments: tuple[str, ...], says: str
) -> None:
    status, text, said = run(own + function, *arguments)
    assert (status, text) == (2, "")
    assert said.startswith("widthscope: ")
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_the_module_is_not_written_over(own: str) -> None:
    status, _, said = run(f"{own}:standard", "--csv", own)
    assert status == 2
    assert "it is the module" in said


def test_members_that_all_diverge_are_status_1(own: str) -> None:
    status, text, said = run(f"{own}:standard", *SMALL, "--optimizer", "sgd", "--rate", "1e30")
    assert (status, text) == (1, "")
    assert said.startswith("widthscope: all 4 members diverge")


def test_a_factory_is_needed() -> None:
    assert "a factory is needed; write MODULE:FACTORY" in run()[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("conv_net.py:standard", "--optimizer", "sgd", "--rate", "0.1", "--mend"),
        ("conv_net.py:corrected",),
        ("gpt2.py:standard", "--rate", "0.003", "--mend"),
        ("gpt2.py:corrected",),
    ],
)
def test_the_examples_of_the_documentation_run(arguments: tuple[str, ...]) -> None:
    status, text, _ = run(f"{EXAMPLES}/{arguments[0]}", *arguments[1:], "--widths", "32,64", *SMALL[2:])
    assert status == 1  # two seeds decide nothing
    assert text.splitlines()[-1].split()[1] in ("broken:", "undecided:")
