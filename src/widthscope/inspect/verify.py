"""Whether results are whole and current, and how Snakemake is told so after its own memory was lost."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from widthscope.errors import WidthscopeError
from widthscope.inspect.standing import Standing, State
from widthscope.workflow.planning import Plan


@dataclass(frozen=True)
class Adoption:
    """What `adopt` did.

    Attributes:
        adopted: products that Snakemake now takes as up to date.
        withdrawn: files removed because the product behind them, or one that it is made from, does not stand.
    """

    adopted: tuple[str, ...]
    withdrawn: tuple[str, ...]


def report(standings: Iterable[Standing]) -> list[str]:
    """One line per product with its state, each reason indented below it, and a count at the end."""
    counts = dict.fromkeys(State, 0)
    lines = []
    for standing in standings:
        counts[standing.state] += 1
        lines.append(f"{standing.state:<8} {standing.job.product}")
        lines += [f"{'':8}   {reason}" for reason in standing.reasons]
        if not standing.reasons:
            lines += [f"{'':8}   made from {name}, which does not stand" for name in standing.upstream]
    total = ", ".join(f"{count} {state}" for state, count in reversed(counts.items()) if count)
    return [*lines, total or "the run has no products"]


def adopt(plan: Plan, standings: Iterable[Standing], config_file: Path, root: Path = Path(".")) -> Adoption:
    """Make Snakemake's view of a run agree with the products' own records.

    Products that stand get fresh times in the order of the data and Snakemake's record of their settings and
    source, so that copied results, or results whose ``.snakemake/`` was deleted, are not computed again. The
    small file of every other product is removed, so that Snakemake makes it anew: also of those that are only
    made from a damaged one, because Snakemake does not look behind a product that is there.

    Args:
        plan: the plan that the standings belong to.
        standings: with the content checked.
        config_file: the configuration file to give to Snakemake.
        root: folder of the Snakefile.

    Raises:
        WidthscopeError: if Snakemake refuses, with its own words; nothing is removed then.
    """
    adopted, withdrawn = [], []
    for standing in standings:
        product = standing.job.product
        if standing.state is State.OK:
            adopted.append(product)
        elif Path(product).exists():
            withdrawn.append(product)
    if adopted:
        _touch(adopted, config_file, root)
    for product in withdrawn:  # only now: while another run holds the lock, nothing of its may go
        Path(product).unlink(missing_ok=True)
    return Adoption(tuple(adopted), tuple(withdrawn))


def _touch(products: list[str], config_file: Path, root: Path) -> None:
    """Let Snakemake record the products as made now, without running a job."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(root / "Snakefile"), "--cores", "1"]
    command += ["--touch", "--forceall", "--quiet", "host", "--configfile", str(config_file), "--", *products]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        lines = [line.strip() for line in (answer.stdout + answer.stderr).splitlines() if line.strip()]
        told = (place for place, line in enumerate(lines) if line.startswith(("Error", "widthscope: ")))
        words = " ".join(lines[next(told, -3) :][:3]).removeprefix("widthscope: ")
        raise WidthscopeError(f"snakemake refused to adopt the products: {words}")
