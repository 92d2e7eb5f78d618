"""Every head of a GPT-2-sized checkpoint, from file to numbers, three ways in one run.

    python benchmarks/checkpoint_spectra.py [--layers 12] [--heads 12] [--width 768] [--dense-heads 6]
                                            [--threads 1] [--weightwatcher PYTHON]

- widthscope: eigenvalues, traces and norms of each head's W = W_Q^T W_K / sqrt(d_h) from d_h x d_h products;
  then the whole table of `widthscope spectra` with p-values, forecasts and folded norms.
- dense: W itself, `numpy.linalg.eigvals` of it; timed for some heads, spread over the model, and scaled up.
- WeightWatcher (pip install weightwatcher, in an environment of its own; PYTHON is its interpreter): singular
  values of the stored matrices that hold queries and keys, and a power law fitted to them. It has no heads.

The weights are random: no way's time depends on what they are. Imports are not timed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

WEIGHTWATCHER = """
import logging, sys, time, warnings
warnings.filterwarnings("ignore"); logging.disable(logging.CRITICAL)
import torch, weightwatcher
from safetensors.torch import load_file
torch.set_num_threads(int(sys.argv[2]))
start = time.perf_counter()
stored = {name: w for name, w in load_file(sys.argv[1]).items() if "c_attn" in name}
found = weightwatcher.WeightWatcher(model=stored).analyze()
print("weightwatcher", weightwatcher.__version__, len(found), time.perf_counter() - start)
"""


def main() -> None:
    args = arguments()
    for name in THREADS:  # read by the BLAS when NumPy is imported
        os.environ[name] = str(args.threads)
    import numpy as np

    from widthscope.checkpoints.analysis import analyse
    from widthscope.checkpoints.opening import open_checkpoint
    from widthscope.spectra.head_spectra import head_columns

    head_dim, total = args.width // args.heads, args.layers * args.heads
    with tempfile.TemporaryDirectory(dir=args.folder) as folder:
        path = make(Path(folder) / "model.safetensors", args.layers, args.width)
        print(
            f"{total} heads of dimension {head_dim}, width {args.width}, {args.threads} thread(s)", flush=True
        )

        def spectra() -> list[Any]:
            layers = (reader.read() for reader in open_checkpoint(path, heads=args.heads).layers)
            return [head_columns(layer.query, layer.key, layer.scale) for layer in layers]

        def dense(layer: int, head: int) -> Any:
            weights = open_checkpoint(path, heads=args.heads).layers[layer].read(slice(head, head + 1))
            W = weights.scale * weights.query[0].T @ weights.key[0]
            return np.linalg.eigvals(W), np.trace(W), np.linalg.norm(W)

        picked = [divmod(k, args.heads) for k in np.linspace(0, total - 1, args.dense_heads).astype(int)]
        found, ours = timed(spectra, args.repeats)
        dense_times, gaps = [], []
        for layer, head in picked:
            (values, trace, norm), seconds = timed(lambda layer=layer, head=head: dense(layer, head))
            dense_times.append(seconds)
            mine = found[layer]
            largest = np.sort(np.abs(values))[::-1][:head_dim]
            gaps += [
                np.abs(largest - np.sort(np.abs(mine["eigenvalues"][head]))[::-1]).max() / largest[0],
                abs(trace - mine["trace"][head]) / norm,
                abs(norm - mine["frobenius"][head]) / norm,
            ]
        all_dense = float(np.mean(dense_times)) * total
        _, whole = timed(lambda: analyse(open_checkpoint(path, heads=args.heads)))
        line("widthscope, eigenvalues, traces, norms", ours, all_dense)
        line("widthscope, the whole table", whole, all_dense)
        spread = f"{min(dense_times):.2f} to {max(dense_times):.2f} s a head"
        line(f"dense eigvals ({len(picked)} heads timed, {spread})", all_dense, all_dense)
        print(f"largest difference between widthscope and dense, relative: {max(gaps):.1e}")
        if args.weightwatcher:
            watch(args.weightwatcher, path, args.threads)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--heads", type=int, default=12)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--dense-heads", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--repeats", type=int, default=3, help="of widthscope's first figure; the best is shown"
    )
    parser.add_argument("--folder", help="for the made file; by default that of temporary files")
    parser.add_argument("--weightwatcher", metavar="PYTHON")
    return parser.parse_args()


def make(path: Path, layers: int, width: int) -> Path:
    """A state dict with GPT-2's names, shapes and initial deviation."""
    import numpy as np
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    tensors = {}
    for layer in range(layers):
        stem = f"transformer.h.{layer}"
        for name, shape in (
            ("attn.c_attn", (width, 3 * width)),
            ("attn.c_proj", (width, width)),
            ("mlp.c_fc", (width, 4 * width)),
            ("mlp.c_proj", (4 * width, width)),
        ):
            tensors[f"{stem}.{name}.weight"] = 0.02 * random.standard_normal(shape, dtype=np.float32)
            tensors[f"{stem}.{name}.bias"] = np.zeros(shape[1], np.float32)
        tensors[f"{stem}.ln_1.weight"] = np.ones(width, np.float32)
        tensors[f"{stem}.ln_1.bias"] = np.zeros(width, np.float32)
    save_file(tensors, path)
    return path


def timed(work: Callable[[], Any], repeats: int = 1) -> tuple[Any, float]:
    """What `work` returns, and the shortest of its times."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        found = work()
        best = min(best, time.perf_counter() - start)
    return found, best


def line(what: str, seconds: float, dense: float) -> None:
    print(f"{what:<70} {seconds:9.2f} s   dense takes {dense / seconds:7.1f} times as long", flush=True)


def watch(interpreter: str, path: Path, threads: int) -> None:
    """WeightWatcher in its own interpreter, on the matrices of the same file that hold queries and keys."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    command = [interpreter, "-c", WEIGHTWATCHER, str(path), str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"WeightWatcher failed: {done.stderr.strip().splitlines()[-1:]}")
    _, version, matrices, seconds = done.stdout.split()[-4:]
    what = f"WeightWatcher {version}, {matrices} matrices of queries, keys and values"
    print(f"{what:<70} {float(seconds):9.2f} s   singular values, a power law of each; no heads")


if __name__ == "__main__":
    main()
