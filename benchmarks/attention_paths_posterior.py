"""The posterior at finite width three ways, at the same error: exact draws of the order parameters, block
Gibbs over all weights, and NumPyro's NUTS over all weights.

    python benchmarks/attention_paths_posterior.py [--examples 20] [--width 10] [--temperature 0.1]

Heads (2, 2), hidden-state chains. Each way gives the predictor's mean at 30 test examples and the mean of the
order parameter. Its Monte-Carlo error is that of the mean over independent repeats (scrambles, chains); since
squared errors fall as one over the time, seconds to an error of 1 % of the mean follow. Seconds of the
processor on one thread; NUTS's compilation is left out, all ways' warm-up is not.
"""

import argparse
import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import torch
from numpyro import distributions
from numpyro.infer import MCMC, NUTS

from widthscope.path_theory.network import Network
from widthscope.path_theory.problem import problem
from widthscope.posteriors.collapsed.laplace import laplace_importance
from widthscope.posteriors.collapsed.prediction import mean_matrices, mean_prediction
from widthscope.posteriors.weights.diagnostics import convergence
from widthscope.posteriors.weights.gibbs import gibbs
from widthscope.studies.attention_paths.tasks.hidden_markov import Chains, hidden_markov
from widthscope.studies.attention_paths.tasks.path_task import PathTask

GOAL = 0.01
HEADS = (2, 2)
WARM_UP = 200


def main() -> None:
    args = arguments()
    torch.set_num_threads(1)
    numpyro.enable_x64()
    task = hidden_markov(Chains(tokens=8, features=20), args.examples, 30, seed=0, data_seed=0)
    network = Network.equal(HEADS, args.width)
    print(f"P = {args.examples}, N = {args.width}, T = {args.temperature}, heads (2, 2), N0 = 29; one thread")
    start = time.process_time()
    posed = problem(task.inputs, task.labels, args.temperature, network)
    drawn = laplace_importance(posed, 1024, 8, pilots=(2048, 2048))
    mean, order = mean_prediction(posed, drawn, task.test_inputs), mean_matrices(drawn)[0]
    seconds = time.process_time() - start
    exact = (mean.value.numpy(), order.value.numpy())
    print(f"exact posterior: effective share {drawn.ess_fraction:.2f} of {len(drawn.readout)} draws")
    report("exact posterior", seconds, (mean.by_scramble.numpy(), order.by_scramble.numpy()), exact)
    start = time.process_time()
    chains = gibbs(
        task.inputs,
        task.labels,
        args.temperature,
        network,
        chains=args.chains,
        warm_up=WARM_UP,
        sweeps=args.sweeps,
        names=[("benchmark", 0)],
        test_inputs=task.test_inputs,
    )
    seconds = time.process_time() - start
    sampled("block Gibbs", seconds, chains.f.numpy(), chains.order.numpy(), exact)
    f, overlaps, seconds = nuts(task, network, args)
    sampled("NUTS", seconds, f, overlaps, exact)


def sampled(way: str, seconds: float, f: np.ndarray, order: np.ndarray, exact: tuple) -> None:
    """Diagnostics and effective draws a second of chains (chain, draw, ...), then the error."""
    for name, draws in (("outputs", f), ("order parameter", order)):
        found = convergence(np.moveaxis(draws.reshape(*draws.shape[:2], -1), -1, 0))
        print(
            f"{way}, {name}: R-hat {found.r_hat.max():.3f}, effective {found.bulk.min():.0f} of "
            f"{draws.shape[0] * draws.shape[1]}, {found.bulk.min() / seconds:.3g} a second"
        )
    report(way, seconds, (f.mean(1), order.mean(1)), exact)


def report(way: str, seconds: float, repeats: tuple, exact: tuple) -> None:
    """Seconds, relative errors of both means, and seconds to the goal."""
    for name, values, known in zip(("mean", "order parameter"), repeats, exact, strict=True):
        spread = values.std(0, ddof=1) / len(values) ** 0.5
        error = np.linalg.norm(spread) / np.linalg.norm(known)
        off = np.linalg.norm(values.mean(0) - known) / np.linalg.norm(known)
        print(
            f"    {way}: {seconds:.3g} s, {name} to {error:.2%} (off the exact one by {off:.2%}); "
            f"{seconds * (error / GOAL) ** 2:.3g} s to {GOAL:.0%}",
            flush=True,
        )


def nuts(task: PathTask, network: Network, args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray, float]:
    """Whitened weights, all at once; outputs through effective weights of paths, as the sampler of blocks."""
    x, new = (jnp.asarray(each.numpy()) for each in (task.inputs, task.test_inputs))
    y, width, features = jnp.asarray(task.labels.numpy()), args.width, task.inputs.shape[2]

    def model() -> None:
        shapes = {
            "first": (width, features),
            "lower": (2, width, width),
            "upper": (2, width, width),
            "readout": (width,),
        }
        first, lower, upper, readout = (
            numpyro.sample(name, distributions.Normal(0, 1).expand(shape).to_event(len(shape)))
            for name, shape in shapes.items()
        )
        above = jnp.einsum("n,hnm->hm", readout, upper) / width**0.5
        rows = jnp.einsum("rn,hnm->hrm", above, lower).reshape(4, width) / width**0.5
        paths = rows @ first / (4 * width * features) ** 0.5
        numpyro.deterministic("f", jnp.einsum("di,pdi->p", paths, new))
        numpyro.deterministic("order", rows @ rows.T / width)
        outputs = jnp.einsum("di,pdi->p", paths, x)
        numpyro.sample("y", distributions.Normal(outputs, args.temperature**0.5), obs=y)

    # One chain after another: in lockstep, all would pay for the deepest tree.
    sampler = MCMC(
        NUTS(model),
        num_warmup=WARM_UP,
        num_samples=args.nuts_draws,
        num_chains=4,
        chain_method="sequential",
        progress_bar=False,
    )
    sampler.run(jax.random.PRNGKey(1))  # compiles
    start = time.process_time()
    sampler.run(jax.random.PRNGKey(0))
    seconds = time.process_time() - start
    draws = sampler.get_samples(group_by_chain=True)
    return np.asarray(draws["f"]), np.asarray(draws["order"]), seconds


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--examples", type=int, default=20)
    parser.add_argument("--width", type=int, default=10)
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--chains", type=int, default=8)
    parser.add_argument("--sweeps", type=int, default=2000)
    parser.add_argument("--nuts-draws", type=int, default=300)
    return parser.parse_args()


if __name__ == "__main__":
    main()
