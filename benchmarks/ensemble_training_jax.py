"""JAX's part of ensemble_training.py, run by it under a Python that has jax; needs nothing of this project.

Reads numbers of steps from standard input; for each trains anew and prints CPU seconds and last losses.
"""

import json
import sys
import time
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

FIRST, SECOND, EPS = 0.9, 0.999, 1e-8


def main() -> None:
    path, context, learning_rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    arrays = dict(np.load(path))
    text, order = jnp.asarray(arrays.pop("_text")), arrays.pop("_order")

    @partial(jax.jit, donate_argnums=(0, 1, 2))
    def update(parameters, means, squares, starts, step):
        window = text[starts[..., None] + jnp.arange(context + 1)]
        values, gradients = jax.vmap(jax.value_and_grad(loss))(parameters, window)
        means = jax.tree.map(lambda m, g: FIRST * m + (1 - FIRST) * g, means, gradients)
        squares = jax.tree.map(lambda s, g: SECOND * s + (1 - SECOND) * g * g, squares, gradients)
        first, second = 1 - FIRST ** (step + 1.0), 1 - SECOND ** (step + 1.0)
        parameters = jax.tree.map(
            lambda p, m, s: p - learning_rate * (m / first) / (jnp.sqrt(s / second) + EPS),
            parameters, means, squares,
        )  # fmt: skip
        return parameters, means, squares, values

    for command in sys.stdin:
        steps = int(command)
        parameters = {name: jnp.array(value) for name, value in arrays.items()}
        means = {name: jnp.zeros_like(value) for name, value in parameters.items()}
        squares = {name: jnp.zeros_like(value) for name, value in parameters.items()}
        jax.block_until_ready((parameters, means, squares))
        begun = time.process_time()
        for step in range(steps):
            parameters, means, squares, values = update(
                parameters, means, squares, order[:, step], np.float32(step)
            )
        losses = np.asarray(jax.block_until_ready(values)).tolist()
        print(json.dumps({"seconds": time.process_time() - begun, "losses": losses}), flush=True)


def loss(p, window):
    """One member's cross-entropy; window (batch, token + 1)."""
    tokens, targets = window[:, :-1], window[:, 1:]
    count, width = tokens.shape[1], p["embedding"].shape[1]
    x = (p["embedding"][tokens] + p["position"][:count]) * width**0.5
    q, k, v = (x @ p[name][0, 0].T for name in ("query", "key", "value"))
    scores = jnp.where(jnp.tril(jnp.ones((count, count), bool)), q @ k.mT / width**0.5, -jnp.inf)
    x = normalised(x + (jax.nn.softmax(scores) @ v) @ p["output"][0].T, p, "attention_norm")
    hidden = jax.nn.relu(x @ p["hidden"][0].T + p["hidden_bias"][0])
    x = normalised(x + hidden @ p["contract"][0].T + p["contract_bias"][0], p, "feedforward_norm")
    found = jax.nn.log_softmax(x @ p["embedding"].T)
    return -jnp.take_along_axis(found, targets[..., None], axis=-1).mean()


def normalised(x, p, name):
    mean = x.mean(-1, keepdims=True)
    variance = jnp.square(x - mean).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(variance + 1e-5) * p[f"{name}_gain"][0] + p[f"{name}_bias"][0]


if __name__ == "__main__":
    main()
