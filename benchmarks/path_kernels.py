"""Kernels of attention paths: cost in examples, heads and layers by every route, and memory at P = 20,000.

    python benchmarks/path_kernels.py [--repeats 5]
    python benchmarks/path_kernels.py --memory [--examples 20000] [--kernel]

A build is K(U) with the contraction of one G: an energy with its gradient, but for the Cholesky factor.

- packed: the D (D + 1) / 2 symmetrised kernels stored once; its set-up is timed apart.
- factored: paths contracted first, nothing stored.
- all pairs: `torch.einsum` over the inputs with every pair of paths, and the same for G, as one writes it.

Energy and gradient where P > N0 D: sums over examples (and once, their set-up) against the P x P kernel.
Float64, seconds of the processor, one thread.

With --memory, in a process of its own: tokens of P examples in a zarr store, attention and path inputs by
blocks, sums over examples, and the order parameters to 1e-7; two layers of four heads (M = N0 D = 768). With
--kernel instead: one energy and gradient of the same by a single P x P kernel factored in its place.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import dask.array as da
import torch
import zarr
from side_by_side import growth, in_turn, shown

from widthscope.path_theory.blocks import BlockedKernels
from widthscope.path_theory.energy import energy_gradient
from widthscope.path_theory.kernels import FactoredKernels, PackedKernels
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import gaussian_process
from widthscope.path_theory.primal import PrimalInputs
from widthscope.path_theory.problem import problem
from widthscope.path_theory.streaming import path_input_blocks, streamed_problem

FEATURES, TOKENS, TOKEN_WIDTH = 64, 12, 48
EXAMPLES = [(P, 2, 2) for P in (50, 100, 200, 400)]
HEADS = [(200, H, 2) for H in (1, 2, 4, 6)]
LAYERS = [(200, 2, L) for L in (1, 2, 3, 4)]
MEGABYTE = 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--examples", type=int, default=20_000)
    parser.add_argument("--kernel", action="store_true")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.within:
        within(args)
    elif args.memory:
        memory(args)
    else:
        builds(args.repeats)
        energies(args.repeats)


def builds(repeats: int) -> None:
    """Tables of builds in P, H and L."""
    for name, cases in (("P", EXAMPLES), ("H", HEADS), ("L", LAYERS)):
        sizes, times = [], {}
        for P, H, L in cases:
            found = one_build(P, H**L, repeats)
            sizes.append({"P": P, "H": H, "L": L}[name])
            line = ", ".join(f"{way} {shown(seconds)}" for way, seconds in found.items())
            print(f"P = {P}, H = {H}, L = {L} (D = {H**L}): {line}", flush=True)
            for way, seconds in found.items():
                times.setdefault(way, []).append(seconds)
        tail = slice(-2, None)
        for way, seconds in times.items():
            if name == "L":  # D = 2^L: the factor of one more layer
                grows = (seconds[-1] / seconds[0]) ** (1 / (sizes[-1] - sizes[0]))
                last = seconds[-1] / seconds[-2]
                print(f"    {way}: {grows:.2g} times for every layer, {last:.2g} for the last")
            else:
                whole, end = growth(sizes, seconds), growth(sizes[tail], seconds[tail])
                print(f"    {way}: {name}^{whole:.2f}, between the last two {name}^{end:.2f}")


def one_build(P: int, D: int, repeats: int) -> dict[str, float]:
    """Median seconds of every way to K(U) and its transpose."""
    generator = torch.Generator().manual_seed(P + D)
    inputs = torch.randn(P, D, FEATURES, generator=generator, dtype=torch.float64)
    U = torch.eye(D, dtype=torch.float64) + 0.1
    G = torch.eye(P, dtype=torch.float64) + 0.1
    packed, factored = PackedKernels(inputs), FactoredKernels(inputs)
    scale = 1 / (D * FEATURES)

    def both(kernels):
        return kernels.kernel(U), kernels.gradient(G)

    def pairs():
        C = torch.einsum("mai,nbi->abmn", inputs, inputs) * scale
        return torch.einsum("ab,abmn->mn", U, C), torch.einsum("mn,abmn->ab", G, C)

    for expected, found in zip(pairs(), both(packed), strict=True):
        torch.testing.assert_close(found, expected)
    ways = {
        "packed": lambda: both(packed),
        "set-up": lambda: PackedKernels(inputs),
        "factored": lambda: both(factored),
        "all pairs": pairs,
    }
    return {way: seconds.middle for way, seconds in in_turn(ways, repeats).items()}


def energies(repeats: int) -> None:
    """Energy and gradient by sums over examples against the kernel, M = 4 * 32 = 128."""
    network, sizes, times = Network.equal((2, 2), 20), (250, 500, 1000, 2000), {}
    for P in sizes:
        inputs = torch.randn(P, 4, 32, generator=torch.Generator().manual_seed(P), dtype=torch.float64)
        labels = torch.sign(inputs[:, 0, 0])
        sums = problem(inputs, labels, 0.1, network, PrimalInputs(inputs))
        kernel = problem(inputs, labels, 0.1, network, FactoredKernels(inputs))
        U = gaussian_process(network).path_weights
        torch.testing.assert_close(energy_gradient(sums, U), energy_gradient(kernel, U))
        ways = {
            "sums": lambda sums=sums, U=U: energy_gradient(sums, U),
            "their set-up": lambda inputs=inputs: PrimalInputs(inputs),
            "kernel": lambda kernel=kernel, U=U: energy_gradient(kernel, U),
        }
        found = {way: seconds.middle for way, seconds in in_turn(ways, repeats).items()}
        print(f"P = {P}, M = 128: " + ", ".join(f"{way} {shown(s)}" for way, s in found.items()), flush=True)
        for way, seconds in found.items():
            times.setdefault(way, []).append(seconds)
    for way, seconds in times.items():
        print(f"    {way}: P^{growth(list(sizes), seconds):.2f}")


def memory(args: argparse.Namespace) -> None:
    """Write tokens, then measure what reads them in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.zarr"
        shape = (args.examples, TOKENS, TOKEN_WIDTH)
        tokens = zarr.create_array(path, shape=shape, chunks=(1000, *shape[1:]), dtype="f8")
        generator = torch.Generator().manual_seed(0)
        for start in range(0, args.examples, 1000):
            count = min(1000, args.examples - start)
            part = torch.randn(count, *shape[1:], generator=generator, dtype=torch.float64)
            tokens[start : start + count] = part.numpy()
        command = [sys.executable, __file__, "--within", str(path)]
        subprocess.run(command + ["--kernel"] * args.kernel, check=True)


def within(args: argparse.Namespace) -> None:
    tokens = da.from_zarr(args.within)
    examples = len(tokens)
    print(f"P = {examples}: {peak():.0f} MB for the imports alone", flush=True)
    generator = torch.Generator().manual_seed(1)
    forms = [torch.randn(4, TOKEN_WIDTH, TOKEN_WIDTH, generator=generator).double() / 7 for _ in range(2)]
    lazy = path_input_blocks(tokens, forms, "mean")
    labels = torch.where(torch.from_numpy(tokens[:, -1, 0].compute()) > 0, 1.0, -1.0).double()
    network = Network.equal((4, 4), 100)
    begin = time.process_time()
    if args.kernel:
        kernels = BlockedKernels(lazy.persist(), 1.0)
        value, _ = kernels.energy_gradient(gaussian_process(network).path_weights, labels, 0.1)
        print(f"one kernel: E = {float(value):.6f} with its gradient, ", end="")
    else:
        posed = streamed_problem(lazy, labels, 0.1, network)
        value, _ = energy_gradient(posed, gaussian_process(network).path_weights)
        print(f"sums ready after {shown(time.process_time() - begin)} (E = {float(value):.6f}); ", end="")
        found = minimise(posed)
        print(f"{found.evaluations} evaluations, gradient {found.gradient_norm:.0e}, ", end="")
    print(f"{shown(time.process_time() - begin)}, peak {peak():.0f} MB", flush=True)


def peak() -> float:
    """Peak resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


if __name__ == "__main__":
    main()
