"""A folder with the workflow in it, for the tests that run Snakemake."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "config.yaml", "config.paper.yaml", "rules", "scripts", "envs", "profiles", "report")
PARTS += ("src", "data", "tests/config.smoke.yaml")
# The configuration first: whatever stood behind it would be taken for a second one.
SMOKE = ("--configfile", "tests/config.smoke.yaml", "--cores", "2")


@dataclass(frozen=True)
class Checkout:
    """A folder with the workflow in it."""

    root: Path

    def environment(self) -> dict[str, str]:
        """The environment of a fresh shell: this folder's library, and no plan of another run."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("WIDTHSCOPE_")}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return kept | {"PYTHONPATH": str(self.root / "src"), "PATH": path, "OMP_NUM_THREADS": "1"}

    def command(self, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
        """Runs a command here and returns it, whatever its exit code."""
        return subprocess.run(
            arguments, cwd=self.root, env=self.environment(), capture_output=True, text=True, timeout=timeout
        )

    def snakemake(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs Snakemake with the smoke configuration."""
        return self.command(sys.executable, "-m", "snakemake", *SMOKE, *arguments)

    def widthscope(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command line of this checkout's library."""
        program = "import sys; from widthscope.cli import app; sys.exit(app())"
        return self.command(sys.executable, "-c", program, *arguments)

    def scheduled(self, *arguments: str) -> set[str]:
        """What a dry run would do: rules, with the shard or checkpoint (``sweep_widths:scores-exact``)."""
        dry = self.snakemake(*arguments, "--dry-run", "--quiet", "host")
        assert dry.returncode == 0, dry.stdout + dry.stderr
        found = set()
        for block in re.split(r"\n(?=(?:local)?rule )", dry.stdout + dry.stderr):
            rule = re.match(r"(?:local)?rule (\w+):", block)
            if rule and rule[1] != "all":
                which = re.search(r"(?:shard|checkpoint)=([\w.-]+)", block)
                found.add(f"{rule[1]}:{which[1]}" if which else rule[1])
        return found

    def edit(self, path: str, old: str, new: str) -> None:
        """Replaces the first occurrence of a text in a file, which must be there."""
        file = self.root / path
        text = file.read_text()
        assert old in text, f"{path} has no {old!r}"
        file.write_text(text.replace(old, new, 1))

    def append(self, path: str, text: str) -> None:
        """Adds text at the end of a file."""
        file = self.root / path
        file.write_text(file.read_text() + text)

    def copy(self, where: Path) -> "Checkout":
        """A copy with all times kept, results and Snakemake's memory included."""
        shutil.copytree(self.root, where, symlinks=True, copy_function=shutil.copy2)
        return Checkout(where)


def fresh_checkout(where: Path) -> Checkout:
    """The workflow's files, as they are in the working tree, in a new folder."""
    for part in PARTS:
        source, target = ROOT / part, where / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "downloads"))
        else:
            shutil.copy2(source, target)
    return Checkout(where)


def training_checkout(where: Path) -> Checkout:
    """A fresh checkout with one short training of qk_spectrum, whose state is saved all the time."""
    checkout = fresh_checkout(where)
    sizes = "{widths: [16], seeds: 3, batch: 8, steps: 3000, recorded: 30}"
    (where / "tests/config.smoke.yaml").write_text(
        f"run: smoke\nstudies: {{qk_spectrum: {{training: {sizes}}}}}\n"
    )
    checkout.edit(
        "src/widthscope/ensembles/training.py", "save_seconds: float = 5.0", "save_seconds: float = 0.1"
    )
    return checkout


def descent_checkout(where: Path, config: str) -> Checkout:
    """A fresh checkout whose only study is the made one that trains, `tests/workflow/descent`."""
    checkout = fresh_checkout(where)
    for slug in [path.parent.name for path in (where / "src/widthscope/studies").glob("[!_]*/settings.py")]:
        shutil.rmtree(where / "src/widthscope/studies" / slug)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tests/workflow/descent", where / "src/widthscope/studies/descent", ignore=ignored)
    (where / "tests/config.smoke.yaml").write_text(f"run: smoke\n{config}")
    return checkout
