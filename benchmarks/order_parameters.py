"""Order parameters to one gradient norm: L-BFGS on Cholesky coordinates against plain Adam on the matrices.

    python benchmarks/order_parameters.py [--tolerance 1e-6] [--steps 20000] [--repeats 3]

- widthscope: `minimise`, from the infinite-width point, its Hessian and Newton steps left in.
- Adam: torch's, learning rate 0.1, with autograd through packed kernels, `logdet` and `inv`. Once on u and
  the matrices U_l themselves, the plain route (arXiv:2405.15926), stopped if one is no longer positive
  definite; once on ln u and Cholesky factors with exp() on their diagonals, which always are.

Both are measured by `residuals`, the change of S / max(N) per relative change of u or U_l, at the same
tolerance; Adam is asked at every 10th step, out of its time. An evaluation is one of S with its gradient.
Seconds are those of the processor, one thread.
"""

import argparse
import time

import torch
from side_by_side import in_turn, shown
from torch import Tensor

from widthscope.path_theory.action import action, residuals
from widthscope.path_theory.kernels import PackedKernels
from widthscope.path_theory.minimise import minimise
from widthscope.path_theory.network import Network
from widthscope.path_theory.order_parameters import OrderParameters, gaussian_process, partial_trace
from widthscope.path_theory.problem import Problem, problem
from widthscope.studies.attention_paths.tasks.gaussian_paths import gaussian_paths
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, hidden_markov

RATE = 0.1
ASKED = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--tolerance", type=float, default=1e-6)
    parser.add_argument("--steps", type=int, default=20_000, help="most steps of Adam")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    for name, posed in problems():
        compare(name, posed, args)


def problems() -> list[tuple[str, Problem]]:
    """Hidden Markov chains at the paper's size, and Gaussian paths with more of them."""
    chains = Chains(heads=(("same", "random"), ("uniform", "random")))
    task = hidden_markov(chains, 100, 2, seed=101, data_seed=0)
    cold = problem(task.inputs, task.labels, 0.01, Network.equal((2, 2), 10))
    many = gaussian_paths(200, 50, 16, 2, seed=101, data_seed=0)
    return [
        ("hidden Markov, P = 100, D = 4, N = 10, T = 0.01", cold),
        ("hidden Markov, P = 100, D = 4, N = 300, T = 0.01", cold.at(network=Network.equal((2, 2), 300))),
        (
            "Gaussian, P = 200, D = 16, N = 50, T = 0.1",
            problem(many.inputs, many.labels, 0.1, Network.equal((4, 4), 50)),
        ),
    ]


def compare(name: str, posed: Problem, args: argparse.Namespace) -> None:
    found = minimise(posed)
    ours = in_turn({"widthscope": lambda: minimise(posed)}, args.repeats)["widthscope"]
    print(name)
    print(
        f"    widthscope      {found.evaluations:>6} evaluations  {ours!s:<34} residual "
        f"{max(residuals(posed, found.order)):.0e}, S = {found.value:.9f}"
    )
    for way, factored in {"matrices": False, "factors": True}.items():
        order, steps, seconds = adam(posed, args.tolerance, args.steps, factored)
        print(
            f"    Adam, {way:<9} {steps:>6} evaluations  {shown(seconds):<34} residual "
            f"{max(residuals(posed, order)):.0e}, S = {action(posed, order).value:.9f}; "
            f"{seconds / ours.middle:.0f} times as long",
            flush=True,
        )


def adam(posed: Problem, tolerance: float, most: int, factored: bool) -> tuple[OrderParameters, int, float]:
    """Order parameters, steps and processor seconds until the residual is below the tolerance."""
    kernels = PackedKernels(posed.inputs, posed.network.input_variance)
    start = gaussian_process(posed.network)
    raw = [torch.tensor([[start.readout]], dtype=torch.float64), *start.matrices]
    if factored:  # of multiples of I, half the logarithm of the diagonal
        raw = [torch.diag(0.5 * matrix.diagonal().log()) for matrix in raw]
    raw = [matrix.clone().requires_grad_() for matrix in raw]
    optimiser = torch.optim.Adam(raw, lr=RATE)
    seconds, width, last = 0.0, max(posed.network.widths), start
    for step in range(1, most + 1):
        begin = time.process_time()
        optimiser.zero_grad()
        (plain_action(posed, kernels, [definite(m, factored) for m in raw]) / width).backward()
        optimiser.step()
        seconds += time.process_time() - begin
        if step % ASKED == 0:
            u, *matrices = (definite(m.detach(), factored) for m in raw)
            if any(int(torch.linalg.cholesky_ex(matrix)[1]) for matrix in (u, *matrices)):
                return last, step, seconds
            last = OrderParameters(float(u), tuple(matrices))
            if max(residuals(posed, last)) <= tolerance:
                return last, step, seconds
    return last, most, seconds


def definite(raw: Tensor, factored: bool) -> Tensor:
    """The symmetric matrix of free numbers (d, d)."""
    if not factored:
        return 0.5 * (raw + raw.mT)
    factor = raw.tril(-1) + torch.diag(raw.diagonal().exp())
    return factor @ factor.mT


def plain_action(posed: Problem, kernels: PackedKernels, matrices: list[Tensor]) -> Tensor:
    """S of u (1, 1), U_1, .., U_L as one writes it first, for autograd."""
    network, (u, *order) = posed.network, matrices
    noisy = kernels.kernel(order[0]) + posed.temperature * torch.eye(posed.examples, dtype=torch.float64)
    total = noisy.logdet() + posed.labels @ torch.linalg.solve(noisy, posed.labels)
    total = total + network.widths[-1] * (u / network.readout_variance - u.log()).squeeze()
    above = [*order[1:], u]
    for index, (matrix, heads) in enumerate(zip(order, network.heads, strict=True)):
        overlap = (torch.linalg.inv(above[index]) * partial_trace(matrix, heads)).sum()
        term = overlap / network.value_variances[index] - matrix.logdet() + heads * above[index].logdet()
        total = total + network.widths[index] * term
    return total


if __name__ == "__main__":
    main()
