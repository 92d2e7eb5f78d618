"""Resolve pyproject.toml into requirements.lock, and write the rules' conda environments from the lock.

    python envs/lock.py            resolve again, then write all
    python envs/lock.py --envs     only write envs/*.yaml from the lock as it is

pip resolves (`--dry-run --report`), so the lock needs no tool that a user does not have.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
LOCK = HERE.parent / "requirements.lock"
# Later pins of torch pull gigabytes of CUDA packages; this one has a CPU build.
PINS = ["torch==2.13.0"]
COMMON = ["dask", "numpy", "pydantic", "pyyaml", "threadpoolctl", "tqdm", "xarray", "zarr"]
ENVIRONMENTS = {
    "analysis": [
        *COMMON,
        "jinja2",
        "jsonschema",
        "latex2mathml",
        "pillow",
        "scikit-learn",
        "scipy",
        "seaborn",
    ],
    "torch": [*COMMON, "arviz-stats", "safetensors", "scikit-learn", "scipy", "torch"],
}


def resolve() -> list[str]:
    """All packages that a fresh environment needs, as ``name==version``."""
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed"]
    command += ["--report", "-", f"{HERE.parent}[dev]", *PINS]
    report = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    found = {}
    for item in report["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        found[name] = item["metadata"]["version"].partition("+")[0]
    del found["widthscope"]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def environment(name: str, locked: dict[str, str]) -> str:
    """One conda environment file, its versions those of the lock."""
    lines = [
        "# Written by envs/lock.py from requirements.lock; used with `snakemake --sdm conda`.",
        f"name: widthscope-{name}",
        "channels: [conda-forge, nodefaults]",
        "dependencies:",
        "  - python=3.11",
        "  - pip",
        "  - pip:",
        *(f"      - {package}=={locked[package]}" for package in sorted(ENVIRONMENTS[name])),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write what is asked for."""
    if "--envs" not in sys.argv[1:]:
        LOCK.write_text("\n".join(resolve()) + "\n")
    locked = dict(line.split("==") for line in LOCK.read_text().split())
    for name in ENVIRONMENTS:
        (HERE / f"{name}.yaml").write_text(environment(name, locked))


if __name__ == "__main__":
    main()
