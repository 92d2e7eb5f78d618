"""Peak memory of one shard of the width sweep at 1 and at 10 times the draws, each in a process of its own.

    python benchmarks/sweep_memory.py [--shard convergence-rate] [--factor 10]

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
    from widthscope.progress import quiet
    module.run(settings, {}, "cpu", quiet)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--shard", default="convergence", help="name of the shard, or how it begins")
    parser.add_argument("--draws", type=int, default=20_000, help="draws per batch of the smaller run")
    parser.add_argument("--factor", type=int, default=10)
    args = parser.parse_args()

    from widthscope.config import load
    from widthscope.studies import load as load_study

    config = load({"run": "memory", "studies": {"limit_law": {}}}, "benchmark")
    shards = load_study("limit_law", "plan").shards(config.studies["limit_law"], config.seed)
    shard = next(s for s in shards if s.name.startswith(args.shard) and "draws" in s.settings)
    print(f"shard {shard.name}, {shard.settings.get('batches', 1)} batches")
    print(f"{'imports only':>28} {peak(shard.entry, None):8.0f} MB")
    for factor in (1, args.factor):
        draws = args.draws * factor
        print(f"{draws:>14} draws a batch {peak(shard.entry, shard.settings | {'draws': draws}):8.0f} MB")


def peak(entry: str, settings: dict | None) -> float:
    """Peak resident memory in MB of a process that runs the shard."""
    command = [sys.executable, "-c", MEASURE]
    done = subprocess.run(
        command, input=json.dumps([entry, settings]), check=True, capture_output=True, text=True
    )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
