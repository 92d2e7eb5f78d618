"""A checkpoint of 1024 heads from disk to table: minutes, and peak memory beside the size of its layers.

    python benchmarks/checkpoint_memory.py [--layers 32] [--heads 32] [--key-heads 32] [--width 4096]
                                           [--feedforward 11008] [--cores 2] [--folder FOLDER]

Makes a Llama-like checkpoint in bfloat16 with every tensor of its layers, runs `widthscope spectra` on it in
a process of its own, and removes it. Queries and keys are random; the tensors that are never read (values,
outputs, feed-forward) are holes in the file, of their full size but without blocks on the disk: 2.1 of 13 GB
are written at the default sizes. Fails if the peak is not under the size of two layers.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np

BYTES = 2  # of a bfloat16
RUN = """
import sys
from widthscope.cli import app
try:
    app(sys.argv[1:])
finally:
    lines = open("/proc/self/status").read().splitlines()
    print(next(line for line in lines if line.startswith("VmHWM")), file=sys.stderr)
"""


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        start = time.perf_counter()
        layer_bytes = make(Path(folder), args)
        stat = (Path(folder) / "model.safetensors").stat()
        print(
            f"{args.layers} layers of {args.heads} heads, width {args.width}: {stat.st_size / 1e9:.1f} GB, "
            f"of which {stat.st_blocks * 512 / 1e9:.1f} GB on the disk; made in "
            f"{time.perf_counter() - start:.0f} s",
            flush=True,
        )
        seconds, peak, text = table(Path(folder), args.cores)
    print("\n".join(text.splitlines()[:12]))
    print(f"from disk to table on {args.cores} core(s): {seconds / 60:.1f} min; peak {peak / 1e6:.0f} MB")
    print(
        f"two layers as stored: {2 * layer_bytes / 1e6:.0f} MB; peak over that: {peak / 2 / layer_bytes:.2f}"
    )
    if peak >= 2 * layer_bytes:
        sys.exit("the peak is not under the size of two layers")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--layers", type=int, default=32)
    parser.add_argument("--heads", type=int, default=32)
    parser.add_argument("--key-heads", type=int, default=32)
    parser.add_argument("--width", type=int, default=4096)
    parser.add_argument("--feedforward", type=int, default=11008)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--folder", help="for the made checkpoint; by default that of temporary files")
    return parser.parse_args()


def make(folder: Path, args: argparse.Namespace) -> int:
    """Write the checkpoint and its config; returns the bytes of one layer."""
    head_dim = args.width // args.heads
    keys = args.key_heads * head_dim
    shapes = {
        "self_attn.q_proj": (args.width, args.width),
        "self_attn.k_proj": (keys, args.width),
        "self_attn.v_proj": (keys, args.width),
        "self_attn.o_proj": (args.width, args.width),
        "mlp.gate_proj": (args.feedforward, args.width),
        "mlp.up_proj": (args.feedforward, args.width),
        "mlp.down_proj": (args.width, args.feedforward),
        "input_layernorm": (args.width,),
        "post_attention_layernorm": (args.width,),
    }
    header, offset = {}, 0
    for layer in range(args.layers):
        for name, shape in shapes.items():
            end = offset + BYTES * int(np.prod(shape))
            header[f"model.layers.{layer}.{name}.weight"] = {
                "dtype": "BF16",
                "shape": list(shape),
                "data_offsets": [offset, end],
            }
            offset = end
    config = {
        "model_type": "llama",
        "hidden_size": args.width,
        "num_attention_heads": args.heads,
        "num_key_value_heads": args.key_heads,
        "num_hidden_layers": args.layers,
        "rope_theta": 10000.0,
    }
    (folder / "config.json").write_text(json.dumps(config))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    random = np.random.default_rng(0)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, entry in header.items():
            if "q_proj" in name or "k_proj" in name:
                begin, end = entry["data_offsets"]
                file.seek(8 + len(text) + begin)
                fill(file, (end - begin) // BYTES, random, args.width**-0.5)
            elif "norm" in name:
                file.seek(8 + len(text) + entry["data_offsets"][0])
                file.write(bfloat16(np.ones(args.width, np.float32)))
        file.truncate(8 + len(text) + offset)
    return offset // args.layers


def fill(file: BinaryIO, numbers: int, random: np.random.Generator, deviation: float) -> None:
    """Gaussian weights, a few at a time."""
    for start in range(0, numbers, 2**20):
        size = min(2**20, numbers - start)
        file.write(bfloat16(np.float32(deviation) * random.standard_normal(size, dtype=np.float32)))


def bfloat16(values: np.ndarray) -> bytes:
    """The upper halves of float32 numbers: truncated, which is all that random weights need."""
    return (values.view(np.uint32) >> 16).astype("<u2").tobytes()


def table(folder: Path, cores: int) -> tuple[float, float, str]:
    """Seconds, peak bytes and output of `widthscope spectra` on that many cores."""
    start = time.perf_counter()
    done = run(["spectra", str(folder), "--all", "--csv", str(folder / "table.csv")], cores)
    seconds = time.perf_counter() - start
    rows = len((folder / "table.csv").read_text().splitlines()) - 1
    return seconds, peak_in(done.stderr), f"{rows} rows\n{done.stdout}"


def run(command: list[str], cores: int) -> subprocess.CompletedProcess[str]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])  # the process started next has these
    done = subprocess.run([sys.executable, "-c", RUN, *command], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done


def peak_in(text: str) -> float:
    return 1024.0 * next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    main()
