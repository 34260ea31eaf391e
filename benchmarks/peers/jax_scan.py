"""The papers' formula under JAX's `lax.scan`, compiled by XLA."""

import jax
import jax.numpy as jnp
import numpy as np

from .case import Case
from .sizes import B0, BETA, PEAK, TAU_A, TAU_M, currents, weights


@jax.custom_vjp
def spike(u):
    """A step function with the papers' Gaussian as derivative."""
    return (u > 0).astype(u.dtype)


spike.defvjp(lambda u: (spike(u), u), lambda u, gradient: (gradient * jnp.exp(-2 * u * u) * PEAK,))


def scan(size, *, bias, unroll, dtype="float32"):
    """One `lax.scan` over time."""
    jax.config.update("jax_enable_x64", dtype == "float64")
    x = jnp.asarray(currents(size, bias), dtype)
    taus = (jnp.full((size.neurons,), tau, dtype) for tau in (TAU_M, TAU_A))
    leaves = {
        "w": jnp.asarray(weights(size.neurons), dtype),
        **dict(zip(("tau_m", "tau_a"), taus, strict=True)),
    }

    def spikes(leaves, x):
        alpha, rho = jnp.exp(-1 / leaves["tau_m"]), jnp.exp(-1 / leaves["tau_a"])

        def step(carry, current):
            v, a, s = carry
            a = rho * a + (1 - rho) * s
            theta = B0 + BETA * a
            v = alpha * v + (1 - alpha) * (current + s @ leaves["w"]) - theta * s
            s = spike(v - theta)
            return (v, a, s), s

        zero = jnp.zeros((size.trials, size.neurons), dtype)
        return jax.lax.scan(step, (zero, zero, zero), x, unroll=unroll)[1]

    gradient = jax.jit(jax.value_and_grad(lambda leaves, x: spikes(leaves, x).mean()))
    run = jax.jit(spikes)

    def result():
        found = gradient(leaves, x)[1]
        return np.asarray(run(leaves, x)), {name: np.asarray(value) for name, value in found.items()}

    return Case(
        train=lambda: jax.block_until_ready(gradient(leaves, x)),
        infer=lambda: jax.block_until_ready(run(leaves, x)),
        rate=lambda: float(run(leaves, x).mean()),
        learns="w, tau_m, tau_a",
        result=result,
    )
