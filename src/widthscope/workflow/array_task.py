"""A task of a SLURM job array runs its own job.

Snakemake's SLURM plugin (2.8) starts every task of an array with the command of the first one, and hands the
other commands over in an argument. Each task then does its own work inside a Snakemake that answers for the
first job, and fails, its work done, when the first job's outputs are missing (issue 447 of
snakemake-executor-plugin-slurm). So a later task becomes its own command instead, before anything is planned.
"""

import base64
import json
import os
import sys
import zlib
from collections.abc import Mapping, Sequence

COMMANDS = "--slurm-jobstep-array-execs="
TASK = "SLURM_ARRAY_TASK_ID"
FIRST = "SLURM_ARRAY_TASK_MIN"


def own_command(arguments: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """The shell command of this process's array task, if it runs that of another one.

    Args:
        arguments: the command line of this process.
        environment: its environment, in which SLURM numbers the tasks.
    """
    handed_over = [word.removeprefix(COMMANDS) for word in arguments if word.startswith(COMMANDS)]
    task = environment.get(TASK)
    if not handed_over or task is None or task == environment.get(FIRST):
        return None
    packed = json.loads(base64.b64decode(handed_over[0]))[task]
    return zlib.decompress(bytes.fromhex(packed)).decode()


def become_own_task() -> None:
    """Replaces this process by its own array task, if it was started as another one; else does nothing."""
    if command := own_command(sys.argv, os.environ):
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv("/bin/sh", ["sh", "-c", command])
