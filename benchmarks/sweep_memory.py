"""Peak memory of one shard of the width sweep at 1 and at 10 times the draws, each in a process of its own.

    python benchmarks/sweep_memory.py [--shards NAME ...] [--factor 10]

Beside it the floor: an interpreter that imports the same and draws nothing.
"""

import argparse
import json
import subprocess
import sys

MEASURE = """
import json, resource, sys
from widthscope import studies
import torch
torch.set_num_threads(1)
entry, settings = json.loads(sys.stdin.read())
module = studies.load("limit_law", entry)
if settings is not None:
    from widthscope.work import Work
    module.run(settings, {}, Work())
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shards", nargs="+", default=["convergence-fixed-h2", "scores-scaling"])
    parser.add_argument("--factor", type=int, default=10)
    args = parser.parse_args()

    from widthscope.config import load
    from widthscope.studies import load as load_study

    config = load({"run": "memory", "studies": {"limit_law": {}}}, "benchmark")
    shards = load_study("limit_law", "plan").shards(config.studies["limit_law"], config.seed)
    for shard in shards:
        if shard.name not in args.shards:
            continue
        print(f"{shard.name}: {peak(shard.entry, None):.0f} MB for the imports alone")
        for factor in (1, args.factor):
            draws = shard.settings["draws"] * factor
            print(
                f"{draws:>10} draws {peak(shard.entry, shard.settings | {'draws': draws}):8.0f} MB",
                flush=True,
            )


def peak(entry: str, settings: dict | None) -> float:
    """Peak resident memory in MB of a process that runs the shard."""
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(
        command, input=json.dumps([entry, settings]), check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
