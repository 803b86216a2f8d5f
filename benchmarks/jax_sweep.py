"""The same cells in JAX: jit, vmap over λ and seeds, scan over steps, in float64 over all 200 weights."""

from __future__ import annotations

import time

import numpy as np


def seconds(seeds: int, weight_decays: int, epochs: int = 100) -> tuple[float, float]:
    """Seconds of the first call (with compilation) and of the second, for seeds × weight_decays cells."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    n, p, batch, rate = 20, 200, 5, 0.003
    decays = jnp.asarray(np.geomspace(0.01, 100, weight_decays))

    def data(key):
        def split(key, rows):
            first, second = jax.random.split(key)
            inputs = jax.random.normal(first, (rows, p))
            return inputs, inputs.sum(1) * 0.01 + 0.05 + 0.01 * jax.random.normal(second, (rows,))

        keys = jax.random.split(key, 5)
        start = jax.random.normal(keys[3], (p + 1,))
        orders = jax.vmap(lambda key: jax.random.permutation(key, n))(jax.random.split(keys[4], epochs))
        return [split(keys[i], rows) for i, rows in enumerate((n, 100, 100))], start, orders

    def cell(decay, splits, start, orders):
        (inputs, targets), *_ = splits

        def loss(w, b, split):
            return jnp.mean((split[0] @ w + b - split[1]) ** 2)

        def step(state, rows):
            w, b = state
            gradient_w, gradient_b = jax.grad(loss, (0, 1))(w, b, (inputs[rows], targets[rows]))
            return ((1 - rate * decay) * w - rate * gradient_w, b - rate * gradient_b), None

        def five_epochs(state, rows):
            state, _ = jax.lax.scan(step, state, rows)
            return state, jnp.stack([loss(*state, split) for split in splits])

        rows = orders.reshape(epochs // 5, -1, batch)
        return jax.lax.scan(five_epochs, (start[:-1], start[-1]), rows)

    @jax.jit
    def sweep(keys):
        return jax.vmap(lambda key: jax.vmap(cell, (0, None, None, None))(decays, *data(key)))(keys)

    times = []
    for offset in (0, 1):
        keys = jax.random.split(jax.random.PRNGKey(offset), seeds)
        start = time.perf_counter()
        jax.block_until_ready(sweep(keys))
        times.append(time.perf_counter() - start)
    return times[0], times[1]


if __name__ == "__main__":
    import sys

    print(*seconds(int(sys.argv[1]), int(sys.argv[2])))
