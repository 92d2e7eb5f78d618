"""What the command line says about itself; what it does: workflow/test_commands.py, test_cli_*.py."""

import pytest
from typer.testing import CliRunner

from widthscope.cli import app

COMMANDS = ["explain", "verify", "compare", "spectra", "jacobian", "new-study"]


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.output


def test_help_lists_the_commands_and_the_exit_status() -> None:
    status, text = run("--help")
    assert status == 0
    assert all(f"\n  {command} " in text for command in COMMANDS)
    assert "Exit status: 0 all is well, 1 a problem" in text
    assert "..." not in text.partition("Commands:")[2]  # every summary fits its line


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_examples_and_exit_status(command: str) -> None:
    status, text = run(command, "--help")
    assert status == 0
    assert f"    widthscope {command}" in text
    assert "Exit status: 0" in text


@pytest.mark.parametrize("arguments", [("explain",), ("verify", "--adpot"), ("compare", "one"), ("nothing",)])
def test_bad_usage_is_status_2(arguments: tuple[str, ...]) -> None:
    status, text = run(*arguments)
    assert status == 2
    assert "Traceback" not in text
