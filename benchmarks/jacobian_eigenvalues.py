"""Leading eigenvalues of a step's Jacobian: Arnoldi on closed-form products against LAPACK, in one run.

    python benchmarks/jacobian_eigenvalues.py [--rule rms] [--count 4] [--members 2] [--repeats 4]

- dense: `eigenvalues(..., method="dense")`, the closed-form Jacobian and LAPACK's geev, all n values.
- arnoldi: `eigenvalues(..., method="arnoldi")`, the `count` largest, tolerance 1e-9.
- arpack: SciPy's `eigs` on the same products, the same count and tolerance.

float64, one thread, one state of each of some networks; then the size from which Arnoldi is faster, and the
same for the largest exponent over T = 16 steps: SVD of the product against Golub-Kahan.
"""

import argparse

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigs
from side_by_side import Network, growth, in_turn, network
from torch import Tensor

from widthscope.spectra.eigenvalue_matching import largest_distance
from widthscope.spectra.finite_time import finite_time
from widthscope.spectra.frames import random_frame
from widthscope.spectra.jacobian_spectra import eigenvalues

SIZES = ((4, 32), (8, 32), (16, 32), (16, 64), (32, 64))


def main() -> None:
    args = arguments()
    print(
        f"{args.rule}, {args.count} eigenvalues, {args.members} networks one by one, float64, one thread; "
        f"medians (smallest to largest) of {args.repeats} times their number"
    )
    sizes, spectra, exponents = [], {}, {}
    for tokens, width in SIZES[: args.sizes]:
        sizes.append(tokens * width)
        nets = [network(args.rule, tokens, width, 1, seed=seed) for seed in range(args.members)]
        print(f"n = {tokens * width} (S={tokens} D={width})")
        collect(spectra, [spectral_ways(net, args.count) for net in nets], args.repeats)
        collect(exponents, [exponent_ways(net) for net in nets], args.repeats)
        gaps, steps, settled = zip(*(agreement(net, args.count) for net in nets), strict=True)
        print(
            f"    arnoldi: {steps} products, converged {settled}, from dense by at most {max(gaps):.1e}",
            flush=True,
        )
    for found, other in ((spectra, "arnoldi"), (exponents, "golub-kahan")):
        for way, seconds in found.items():
            print(f"{way} grows as the power {growth(sizes, seconds):.2f} of n")
        base = next(iter(found))
        print(f"{other} is as fast as {base} at n = {crossing(sizes, found[base], found[other])}")


def spectral_ways(net: Network, count: int) -> dict[str, object]:
    dynamics, state = net.dynamics(), net.flat()
    start = random_frame(state, 1)[0, 0].numpy()

    def product(v: np.ndarray) -> np.ndarray:
        return dynamics.jvp(state, torch.from_numpy(v).reshape(1, 1, -1)).numpy().ravel()

    n = state.shape[1]
    operator = LinearOperator((n, n), matvec=product, dtype=np.float64)
    return {
        "dense": lambda: eigenvalues(dynamics, state, method="dense"),
        "arnoldi": lambda: eigenvalues(dynamics, state, count, method="arnoldi"),
        "arpack": lambda: eigs(operator, k=count, tol=1e-9, v0=start, return_eigenvectors=False),
    }


def exponent_ways(net: Network) -> dict[str, object]:
    dynamics, state = net.dynamics(), net.flat()
    return {
        "svd of the product": lambda: finite_time(dynamics, state, 16, method="dense"),
        "golub-kahan": lambda: finite_time(dynamics, state, 16, method="golub-kahan"),
    }


def collect(found: dict[str, list[float]], ways: list[dict[str, object]], repeats: int) -> None:
    """Time every network's ways in turn, print the times, and add the medians to `found`."""
    times = [in_turn(some, repeats) for some in ways]
    for way in ways[0]:
        seconds = type(times[0][way])(tuple(t for some in times for t in some[way].times))
        found.setdefault(way, []).append(seconds.middle)
        print(f"    {way:<20} {seconds}", flush=True)


def agreement(net: Network, count: int) -> tuple[float, int, bool]:
    dynamics, state = net.dynamics(), net.flat()
    dense = eigenvalues(dynamics, state, method="dense").values
    found = eigenvalues(dynamics, state, count, method="arnoldi")
    nearest: Tensor = largest_distance(found.values, dense)  # each among all: a pair may be cut
    return float(nearest), found.iterations, bool(found.converged.all())


def crossing(sizes: list[int], first: list[float], second: list[float]) -> str:
    """Size at which two lines in logarithms cross, between the sizes on either side of it."""
    ratio = torch.tensor(first, dtype=torch.float64).log() - torch.tensor(second, dtype=torch.float64).log()
    for i in range(len(sizes) - 1):
        if ratio[i] <= 0 < ratio[i + 1]:
            share = float(-ratio[i] / (ratio[i + 1] - ratio[i]))
            return f"{sizes[i] * (sizes[i + 1] / sizes[i]) ** share:.0f}"
    return f"below {sizes[0]}" if ratio[0] > 0 else f"above {sizes[-1]}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rule", default="rms", choices=("unit", "rms", "akorn"))
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--members", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=4)
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many of the sizes")
    return parser.parse_args()


if __name__ == "__main__":
    main()
