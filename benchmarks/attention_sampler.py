"""Bartlett sampler against naive sampling of all weights: the same law of an attention layer, time per draw.

    python benchmarks/attention_sampler.py

Both draw `coordinates` output coordinates of a layer of width n = d = d_k = d_v on the same fixed tokens. The
naive sampler draws W_Q, W_K, W_V in full and only the columns of W_O that are asked for, which spares it a
quarter of the work. It is timed on as many draws as fit in --naive-seconds, at least one, up to
--naive-limit; wider layers are extrapolated as n^2 from the widest one timed and marked "~". Times are
CPU seconds of this process.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from widthscope.attention.gram import gram, root
from widthscope.attention.sampling import chunks, sample_finite, sample_naive


def main() -> None:
    args = parse_arguments()
    torch.set_num_threads(1)
    dtype = torch.float32 if args.float32 else torch.float64
    rows = []
    timed: tuple[int, float] | None = None
    print(
        f"H = {args.heads}, s = {args.tokens}, {args.coordinates} coordinate(s), {str(dtype)[6:]}, one core"
    )
    print(f"{'n':>6} {'Bartlett us':>12} {'naive us':>14} {'ratio':>10}  naive draws timed")
    for width in args.widths:
        tokens = np.random.default_rng(width).normal(size=(args.tokens, width))
        fast = bartlett_seconds(root(gram(tokens)), width, args, dtype)
        draws = 0
        if timed is None or width <= args.naive_limit:
            slow, draws = naive_seconds(tokens, width, args, dtype)
            timed = (width, slow)
        else:
            slow = timed[1] * (width / timed[0]) ** 2
        rows.append({"width": width, "bartlett": fast, "naive": slow, "ratio": slow / fast, "timed": draws})
        mark = " " if draws else "~"
        print(f"{width:6d} {fast * 1e6:12.2f} {mark}{slow * 1e6:13.1f} {mark}{slow / fast:9.0f}  {draws}")
    times = [row["bartlett"] for row in rows]
    print(f"Bartlett, slowest width over fastest: {max(times) / min(times):.2f}")
    if args.json:
        args.json.write_text(json.dumps(rows, indent=2) + "\n")


def bartlett_seconds(L: np.ndarray, width: int, args: argparse.Namespace, dtype: torch.dtype) -> float:
    """Seconds per draw, the median of five passes."""
    generator = torch.Generator().manual_seed(width)

    def run() -> None:
        for size in chunks(args.draws, 10_000):
            sample_finite(L, args.heads, width, width, size, args.coordinates, generator, dtype=dtype)

    run()
    return float(np.median([seconds(run) for _ in range(5)])) / args.draws


def naive_seconds(
    tokens: np.ndarray, width: int, args: argparse.Namespace, dtype: torch.dtype
) -> tuple[float, int]:
    """Seconds per draw and the number of draws that were timed."""
    generator = torch.Generator().manual_seed(width)
    size = max(1, 2**21 // width**2)
    spent, draws = 0.0, 0

    def run() -> None:
        sample_naive(tokens, args.heads, width, width, size, args.coordinates, generator, dtype=dtype)

    while draws == 0 or spent * (1 + size / draws) < args.naive_seconds:
        spent += seconds(run)
        draws += size
    return spent / draws, draws


def seconds(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--widths", type=int, nargs="+", default=[64, 256, 1024, 4096, 16384], metavar="N")
    parser.add_argument("--heads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=4)
    parser.add_argument("--coordinates", type=int, default=1)
    parser.add_argument("--draws", type=int, default=50_000, help="of the Bartlett sampler")
    parser.add_argument(
        "--naive-seconds", type=float, default=10.0, help="time for the naive sampler, per width"
    )
    parser.add_argument("--naive-limit", type=int, default=4096, help="widest layer that it is timed on")
    parser.add_argument("--float32", action="store_true")
    parser.add_argument("--json", type=Path, help="also write the table here")
    args = parser.parse_args()
    args.widths = sorted(set(args.widths))
    if args.widths[0] < args.tokens:
        parser.error(f"--widths must be at least the number of tokens, {args.tokens}, not {args.widths[0]}")
    return args


if __name__ == "__main__":
    main()
