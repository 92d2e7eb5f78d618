"""What a rerun costs: nothing to do, a figure edited, a fit edited, beside Snakemake's own floor.

    python benchmarks/reruns.py [--configfile config.yaml] [--repeats 5]

Works in a copy of the repository, where it first makes the whole run once. The floor is a Snakefile with as
many finished one-line jobs and nothing of ours: what a user of plain Snakemake would wait.
"""

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDY = Path("src/widthscope/studies/limit_law")
FLOOR = """
rule all:
    input: expand("out/{i}.txt", i=range(COUNT))
rule one:
    output: "out/{i}.txt"
    shell: "touch {output}"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--configfile", default="config.yaml")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "widthscope"
        tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
        for name in tracked.stdout.splitlines():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
        run = ["snakemake", "--cores", "2", "--quiet", "all", "--configfile", args.configfile]
        print(f"{'first run, everything':34} {seconds(run, copy):7.1f} s")
        jobs = len(list(copy.glob("results/**/*.provenance.json")))
        show("nothing to do", [seconds(run, copy) for _ in range(args.repeats)])
        floor = Path(folder) / "floor"
        floor.mkdir()
        (floor / "Snakefile").write_text(FLOOR.replace("COUNT", str(jobs)))
        plain = ["snakemake", "--cores", "2", "--quiet", "all"]
        seconds(plain, floor)
        show(f"plain Snakemake, {jobs} finished jobs", [seconds(plain, floor) for _ in range(args.repeats)])
        for what, module in [("figure", "convergence/figures.py"), ("fit", "convergence/fit.py")]:
            times = []
            for repeat in range(args.repeats):
                with (copy / STUDY / module).open("a") as file:
                    file.write(f"\nEDITED = {repeat}\n")
                times.append(seconds(run, copy))
            show(f"after an edit of a {what} module", times)


def seconds(command: list[str], folder: Path) -> float:
    """Wall time of a command, which must succeed."""
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - started


def show(what: str, times: list[float]) -> None:
    """One line: median, and smallest to largest."""
    print(f"{what:34} {statistics.median(times):7.1f} s   ({min(times):.1f} to {max(times):.1f})", flush=True)


if __name__ == "__main__":
    main()
