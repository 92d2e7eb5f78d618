"""A second witness that shares no code: NumPyro's NUTS on all weights, whitened, on a small case."""

from typing import Any

import numpy as np
import torch

from widthscope.path_theory.network import Network
from widthscope.posteriors.weights.diagnostics import convergence
from widthscope.posteriors.weights.gibbs import gibbs

HEADS, WIDTHS, VARIANCES, TEMPERATURE = (2,), (3, 2), (1.2, 0.8, 1.5), 0.3


def test_nuts_on_all_weights_finds_the_same_posterior() -> None:
    import jax
    import jax.numpy as jnp
    from numpyro.infer import MCMC, NUTS

    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(6, 2, 3, generator=generator, dtype=torch.float64)
    labels = inputs[:, 0, 0] - 0.7 * inputs[:, 1, 1]
    tests = torch.randn(4, 2, 3, generator=generator, dtype=torch.float64)
    x, new, y = (jnp.asarray(each.numpy()) for each in (inputs, tests, labels))

    def outputs(first: Any, values: Any, readout: Any, at: Any) -> Any:
        """The network, layer by layer on path inputs."""
        hidden = jnp.einsum("...mi,phi->...phm", first, at) * (VARIANCES[0] / 3) ** 0.5
        hidden = jnp.einsum("...hnm,...phm->...pn", values, hidden) * (VARIANCES[1] / (2 * 3)) ** 0.5
        return jnp.einsum("...pn,...n->...p", hidden, readout) * (VARIANCES[2] / 2) ** 0.5

    def maps(flat: Any) -> tuple[Any, Any, Any]:
        batch = flat.shape[:-1]
        return flat[..., :9].reshape(*batch, 3, 3), flat[..., 9:21].reshape(*batch, 2, 2, 3), flat[..., 21:]

    def minus_log_density(flat: Any) -> Any:
        residual = y - outputs(*maps(flat), x)
        return 0.5 * (flat @ flat + residual @ residual / TEMPERATURE)

    nuts = MCMC(
        NUTS(potential_fn=minus_log_density, max_tree_depth=5),
        num_warmup=150,
        num_samples=300,
        num_chains=2,
        chain_method="sequential",
        progress_bar=False,
    )
    starts = jnp.asarray(torch.randn(2, 23, generator=generator).numpy())
    nuts.run(jax.random.PRNGKey(0), init_params=starts)
    first, values, readout = maps(nuts.get_samples(True))
    rows = jnp.einsum("...n,...hnm->...hm", readout, values) * (VARIANCES[1] * VARIANCES[2] / 2) ** 0.5
    drawn = {
        "f": outputs(first, values, readout, new),
        "order": jnp.einsum("...hm,...gm->...hg", rows, rows) / 3,
    }
    witness = {name: np.asarray(each, dtype=float) for name, each in drawn.items()}
    chains = gibbs(
        inputs,
        labels,
        TEMPERATURE,
        Network(HEADS, WIDTHS, VARIANCES),
        chains=8,
        warm_up=100,
        sweeps=1500,
        names=[("nuts",)],
        test_inputs=tests,
    )
    for name, draws in (("f", chains.f), ("order", chains.order)):
        moments = []
        for one in (witness[name], draws.numpy()):
            flat = np.moveaxis(one.reshape(*one.shape[:2], -1), -1, 0)
            found = convergence(flat)
            assert found.converged(smallest_size=100).all()
            second = convergence(flat**2)
            moments += [
                (flat.mean((1, 2)), flat.std((1, 2)) / found.bulk**0.5),
                (
                    (flat**2).mean((1, 2)),
                    (flat**2).std((1, 2)) / np.minimum(second.bulk, second.spread) ** 0.5,
                ),
            ]
        for (mean, error), (other, other_error) in zip(moments[:2], moments[2:], strict=True):
            assert (abs(mean - other) < 5 * np.hypot(error, other_error)).all(), name
