"""A task of a job array runs its own command, packed as Snakemake's SLURM plugin packs it."""

import base64
import json
import subprocess
import sys
import zlib

import pytest

from widthscope.workflow.array_task import own_command

COMMANDS = {"2": "echo 'the second'", "3": "echo 'the third'"}


def packed(commands: dict[str, str]) -> str:
    compressed = {task: zlib.compress(command.encode(), level=9).hex() for task, command in commands.items()}
    return base64.b64encode(json.dumps(compressed).encode()).decode()


def arguments() -> list[str]:
    return ["snakemake", "--jobs", "1", f"--slurm-jobstep-array-execs={packed(COMMANDS)}"]


def task(number: int) -> dict[str, str]:
    return {"SLURM_ARRAY_TASK_ID": str(number), "SLURM_ARRAY_TASK_MIN": "1"}


@pytest.mark.parametrize("number", [2, 3])
def test_a_later_task_has_its_own_command(number: int) -> None:
    assert own_command(arguments(), task(number)) == COMMANDS[str(number)]


def test_the_first_task_is_started_with_its_own() -> None:
    assert own_command(arguments(), task(1)) is None


def test_a_process_outside_of_an_array_is_left_alone() -> None:
    assert own_command(["snakemake", "--cores", "all"], {}) is None
    assert own_command(["snakemake", "--cores", "all"], task(2)) is None
    assert own_command(arguments(), {}) is None


def test_the_process_becomes_its_task() -> None:
    program = "from widthscope.workflow.array_task import become_own_task as b; b(); print('the first')"
    for number, said in [(1, "the first\n"), (3, "the third\n")]:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments()],
            env={"PYTHONPATH": ":".join(sys.path)} | task(number),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        assert done.stdout == said


def test_the_plugin_packs_commands_as_we_unpack_them() -> None:
    """The plugin's own reader agrees; a version that packs otherwise fails here first."""
    from snakemake_executor_plugin_slurm_jobstep import _decompress_array_task_call

    assert _decompress_array_task_call(packed(COMMANDS), 2) == own_command(arguments(), task(2))
